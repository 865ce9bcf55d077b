"""What the accounting system calls its dimensions, kept beside its lists and shown in the place of our numbers.

“Dimension 1” is a place in the settings; whoever maps it knows it as a department or a project.
"""

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from integration_admin.adapters.base import ReferenceData, TargetField
from integration_admin.core.messages import Message
from integration_admin.core.reference import ReferenceItem
from integration_admin.data.repositories.unit import Unit

LIST: Final = "dimension_names"
"""The list they are kept as; its codes are names of target fields. No adapter has a list of that name."""
_LONGEST: Final = 300


def with_names(data: ReferenceData) -> dict[str, tuple[ReferenceItem, ...]]:
    """Return the lists to keep, the names of dimensions as one more where there are any."""
    names = tuple(
        ReferenceItem(field, field, name.strip()[:_LONGEST])
        for field, name in data.dimensions.items()
        if name.strip()
    )
    return {**data.lists, **({LIST: names} if names else {})}


async def named(
    unit: Unit, integration_id: uuid.UUID, targets: Iterable[TargetField]
) -> tuple[TargetField, ...]:
    """Return the target fields, dimensions labelled as the accounting system called them when its lists were read."""
    kept = await unit.mappings.search_reference(integration_id, LIST)
    labels = {item.code: Message("{name}", {"name": item.name}) for item in kept}
    return tuple(
        replace(target, label=labels[target.name]) if target.name in labels else target for target in targets
    )
