"""What the app can do for a shop: one package per function, pure (context in, proposals out).

The registry holds names; a function is imported when it is first used.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from chalicelib.contracts import Function
from chalicelib.domain.ids import FunctionName

_PLACES: Mapping[FunctionName, str] = {
    FunctionName("recommendations"): "functions.recommendations.propose",
    FunctionName("repricing"): "functions.repricing.propose",
    FunctionName("translation"): "functions.translation.propose",
    FunctionName("screening"): "functions.screening.propose",
}


class _Registry(Mapping[FunctionName, Function]):
    """Resolves a function when it is asked for."""

    def __getitem__(self, name: FunctionName) -> Function:
        found: Function = import_module(_PLACES[name]).FUNCTION
        return found

    def __iter__(self) -> Iterator[FunctionName]:
        return iter(_PLACES)

    def __len__(self) -> int:
        return len(_PLACES)


FUNCTIONS: Mapping[FunctionName, Function] = _Registry()
"""Every function by name."""
