"""The official client over a session that is given to it. Imported only where it is needed: the
package is heavy, and optional.
"""

from __future__ import annotations

import requests
from terminusdb_client import Client

__all__ = ["OfficialClient"]


class OfficialClient(Client):  # type: ignore[misc]  # the package has no types
    """One operation's client."""

    def open(
        self,
        session: requests.Session,
        *,
        team: str,
        user: str,
        key: str,
        database: str,
        branch: str,
        ref: str,
    ) -> None:
        """What ``connect`` does, without a session of its own and three requests."""
        self.team = team
        self.db = database or None
        self.user = self._author = user
        self._key = key
        self._use_token = False
        self._jwt_token = self._api_token = self._remote_auth_dict = None
        self.repo = "local"
        self.branch = branch
        self.ref = ref or None
        self._session = session
        self._connected = True

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        timeout: tuple[float, float] | None = None,
    ) -> requests.Response:
        """A request as the client makes its own, with a body that is JSON already."""
        kind = {} if body is None else {"Content-Type": "application/json"}
        response: requests.Response = self._session.request(
            method,
            url,
            data=body,
            params=params,
            headers={**self._default_headers, **kind, **(headers or {})},
            auth=self._auth(),
            timeout=timeout,
        )
        return response

    @property
    def query_url(self) -> str:
        """Where WOQL goes."""
        return str(self._query_url())

    @property
    def documents_url(self) -> str:
        """Where documents go, and come from."""
        return str(self._documents_url())

    @property
    def triples_url(self) -> str:
        """Where triples of the instance graph go."""
        return str(self._triples_url("instance"))

    def url(self, path: str) -> str:
        """Of anything else."""
        return f"{self.api}/{path}"
