"""What production refuses to start with."""

from __future__ import annotations

from oms_project.settings.env import Environment, EnvironmentInvalid

__all__ = ["refuse_unsafe"]

# Words of secrets that stand in examples and tutorials.
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "insecure", "example", "default", "your-")
_MIN_DISTINCT = 12


def refuse_unsafe(environment: Environment) -> None:
    """Check the environment of a production process.

    Raises:
        EnvironmentInvalid: with one sentence for each variable that is unsafe.
    """
    problems = _weak("SECRET_KEY", environment.SECRET_KEY, 50)
    if environment.JWT_ALGORITHM.startswith("HS"):
        problems += _weak("JWT_SECRET", environment.JWT_SECRET, 32)
    if environment.OMS_METRICS_TOKEN:
        problems += _weak("OMS_METRICS_TOKEN", environment.OMS_METRICS_TOKEN, 32)
    if environment.SECRET_KEY and environment.SECRET_KEY == environment.JWT_SECRET:
        problems.append("JWT_SECRET must differ from SECRET_KEY.")
    if environment.DEBUG:
        problems.append("DEBUG must not be set: it shows internals to everybody.")
    if not environment.ALLOWED_HOSTS:
        problems.append("ALLOWED_HOSTS must name the hosts that this server answers to.")
    elif "*" in environment.ALLOWED_HOSTS:
        problems.append("ALLOWED_HOSTS must name hosts, not '*'.")
    problems += [
        f"CORS_ALLOWED_ORIGINS must name origins such as https://app.example.org, not {origin!r}."
        for origin in environment.CORS_ALLOWED_ORIGINS
        if not origin.startswith("https://") or "*" in origin
    ]
    if problems:
        raise EnvironmentInvalid("Production does not start: " + " ".join(problems))


def _weak(name: str, value: str, length: int) -> list[str]:
    if not value:
        return [f"{name} is missing."]
    if len(value) < length:
        return [f"{name} has {len(value)} characters and needs at least {length}."]
    if len(set(value)) < _MIN_DISTINCT:
        return [f"{name} is too regular to be secret."]
    if any(word in value.lower() for word in _PLACEHOLDERS):
        return [f"{name} is a placeholder from an example."]
    return []
