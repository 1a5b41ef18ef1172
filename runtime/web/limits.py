"""Rate limits of one process, by address and purpose, through the `limits` library."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from runtime.base.errors import Message, TooMany


class Limits:
    """How often somebody may do something."""

    def __init__(self, logins_per_minute: int) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._logins = RateLimitItemPerMinute(logins_per_minute)

    def login(self, *who: str) -> None:
        """Count a login attempt of an address or name. Raises TooMany."""
        for one in who:
            if not self._limiter.hit(self._logins, "login", one):
                raise TooMany(
                    Message("too many attempts, wait a minute", "尝试次数过多，请一分钟后再试"),
                    extra={"retry_after": 60},
                )
