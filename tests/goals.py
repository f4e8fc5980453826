"""The line that each goal of the house prints: `GOAL G09 figure=4.1s limit=10s PASS`, to be read with `pytest -s`."""


def goal(name: str, figure: object, limit: object, passed: bool) -> None:
    print(f"\nGOAL {name} figure={figure} limit={limit} {'PASS' if passed else 'FAIL'}")
