"""How long the queue leaves a message alone that could not be finished, and how often it hands one out.

::

    handed out       1    2    3    4    5    6    7     8     9    10    11    12    13   kept for a person
    a store is down   20   40   80  160  320  640  1280  2560  3600  3600  3600  3600  3600   s
    overtaken          2   20   40   80  160  320   640  1280  2560  3600  3600  3600  3600   s
    not begun         20   40   80  160  as for a store
    held               5   10   20   40   what is left of the lease

A store that does not answer is given time, ever more of it. Whoever was overtaken only has to read again, so it looks
once more after two seconds; from then on its pauses are those of a store, one hand-out late. That look is one more
hand-out than the pauses of a store need, so that an event which is overtaken for ever is not given up any earlier.
"""

from datetime import datetime, timedelta

from chalicelib.errors import Held, Overtaken, RateLimited, Retryable

HAND_OUTS = 13
"""Of an event: the first twelve pauses of a store outlast its outage of five hours."""

LONG_HAND_OUTS = 6
"""Of scheduled work: what our own clock asks for, it asks for again. The pauses outlast a lease all the same."""

FIRST = timedelta(seconds=20)
LONGEST = timedelta(hours=1)
OVERTAKEN = timedelta(seconds=2)
"""The one who was faster has written already: this is about the time in which it is through with the rest, too."""

LOOKS = 30
"""A held message is looked at first after one part in so many of the lease: five seconds for a store's event."""

_LEAST = timedelta(seconds=1)


def after(error: Retryable, received: int, now: datetime) -> timedelta:
    """The pause after a message's ``received``-th hand-out (they count from 1) ended with an error."""
    match error:
        case Held():
            # Most holders finish in seconds; looking again with doubling pauses finds that out before the deadline.
            return max(_LEAST, min(error.until - now, _doubling(error.lease / LOOKS, received)))
        case RateLimited() if error.after > 0:
            return min(timedelta(seconds=error.after), LONGEST)
        case Overtaken():
            return OVERTAKEN if received == 1 else _doubling(FIRST, received - 1)
        case _:
            return _doubling(FIRST, received)


def unbegun(received: int) -> timedelta:
    """The pause of a message for which its worker had no time left. It would be handed out again when it is visible by
    itself, after twelve minutes or ninety, and an order's parcel may be gone by then; a worker that takes so long for
    its batch has a slow store, though, so the pauses are a store's."""
    return _doubling(FIRST, received)


def _doubling(first: timedelta, received: int) -> timedelta:
    return min(first * (1 << min(received, HAND_OUTS) - 1), LONGEST)
