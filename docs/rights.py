"""Writes the tables of docs/administrator.md from the grants in the code: `python -m docs.rights`."""

from __future__ import annotations

import re
from pathlib import Path

from app import TIERS
from app.panel.core import domain, policy

PAGE = Path(__file__).parent / "administrator.md"


def roles() -> list[policy.Role]:
    return sorted(policy.REGISTRY.roles.values(), key=lambda role: role.order)


def role_table() -> str:
    rows = [f"| {role.label} | `{role.key}` | {role.description} |" for role in roles()]
    return "\n".join(["| role | key | |", "|---|---|---|", *rows])


def rights_table() -> str:
    """One table a domain: a line a resource, a column a role."""
    others = [role for role in roles() if role.key != policy.ADMINISTRATOR]
    resources = sorted({resource for rights in policy.REGISTRY.grants.values() for resource in rights})
    parts = []
    for key in dict.fromkeys(resource.partition(".")[0] for resource in resources):
        lines = [f"### {key}", "", "| | " + " | ".join(str(role.label) for role in others) + " |", "|---" * (len(others) + 1) + "|"]
        for resource in resources:
            if resource.startswith(f"{key}."):
                cells = [_cell(role.key, resource) for role in others]
                lines.append(f"| {resource.partition('.')[2]} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _cell(role: str, resource: str) -> str:
    held = policy.REGISTRY.grants.get(role, {}).get(resource, set())
    order = [*policy.BASIC_VERBS, *policy.REGISTRY.verbs.get(resource, {})]
    return ", ".join(sorted(held, key=order.index))


def field_table() -> str:
    rows = [
        f"| {resource} | {name} | {'masked' if guarded.mask else 'hidden'} | `{guarded.verb}` |"
        for resource, fields in sorted(policy.REGISTRY.fields.items())
        for name, guarded in sorted(fields.items())
    ]
    return "\n".join(["| resource | field | without the right | right |", "|---|---|---|---|", *rows])


def written(text: str) -> str:
    """The page with its tables as the code would have them."""
    for mark, table in (("roles", role_table()), ("rights", rights_table()), ("fields", field_table())):
        pattern = rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)"
        text = re.sub(pattern, lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    domain.load(TIERS)
    PAGE.write_text(written(PAGE.read_text()))
