"""The accounting systems this installation speaks with, by kind."""

from collections.abc import Mapping

from integration_admin.adapters.base import AccountingAdapter, RulesTargets, TargetField
from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg
from integration_admin.services.connection_attempt import Turns


class AdapterRegistry:
    """Finds an adapter by its kind; `turns` keeps tests of connections few at a time."""

    def __init__(self, adapters: Mapping[str, AccountingAdapter]) -> None:
        self._adapters = dict(adapters)
        self.turns = Turns()

    def get(self, kind: str) -> AccountingAdapter:
        """Return the adapter of `kind`; raises NotFound and names the kinds there are."""
        try:
            return self._adapters[kind]
        except KeyError:
            known = ", ".join(sorted(self._adapters))
            raise NotFound(
                msg("There is no integration type “{kind}”. Known types: {known}.", kind=kind, known=known)
            ) from None

    def kinds(self) -> list[str]:
        """Return every kind, sorted."""
        return sorted(self._adapters)


def targets_of(adapter: AccountingAdapter, settings: Mapping[str, str]) -> tuple[TargetField, ...]:
    """Return the fields of a voucher with an integration's own settings. Raises InvalidInput."""
    return adapter.target_fields_of(settings) if isinstance(adapter, RulesTargets) else adapter.target_fields
