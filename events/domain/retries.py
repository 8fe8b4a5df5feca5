"""When a delivery that failed is tried again.

Exponential backoff with "equal jitter", from "Exponential Backoff And Jitter" in the AWS
Architecture Blog: half of the delay is fixed, so that a receiver that struggles is left in peace;
half is drawn, so that deliveries that failed together do not come back together.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BASE", "CAP", "MAX_RETRY_AFTER", "SPAN", "delay_after"]

#: Defaults, in seconds: 18 to 24 attempts over three days, by how the draws fall.
BASE: Final = 5.0
CAP: Final = 12 * 3600.0
SPAN: Final = 3 * 86_400.0
#: The longest delay that a receiver may ask for, in seconds.
MAX_RETRY_AFTER: Final = 86_400.0


def delay_after(
    attempt: int,
    *,
    base: float,
    cap: float,
    span: float,
    elapsed: float,
    retry_after: float | None,
    draw: float,
) -> float | None:
    """How long to wait after an attempt that failed; None: give up.

    All times are in seconds.

    Args:
        attempt: how many attempts there were, this one included; from 1.
        base: the least delay. The first one is between ``base`` and twice that; bounds double.
        cap: the greatest delay that backoff gives.
        span: how long after the first attempt the last one may be.
        elapsed: since the first attempt.
        retry_after: what the receiver asked for. It makes the delay longer, never shorter, by at
            most `MAX_RETRY_AFTER` and what is left of ``span``.
        draw: random, at least 0 and less than 1.
    """
    # Beyond 2^64 every cap is reached; the power of a float would overflow at 2^1024.
    ceiling = min(cap, base * 2.0 ** min(attempt, 64))
    delay = ceiling / 2 + draw * ceiling / 2
    left = span - elapsed
    if delay > left:
        return None
    if retry_after is not None:
        delay = max(delay, min(retry_after, MAX_RETRY_AFTER, left))
    return delay
