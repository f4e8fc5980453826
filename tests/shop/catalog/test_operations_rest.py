"""An operation begun, watched and taken back by a program."""

from tests.shop.catalog.test_operations import prices, skus

__all__ = ["skus"]
API = "/api/v1/bulk/operation/"


def test_a_program_begins_an_operation_once_watches_it_and_takes_it_back(skus, session, as_user):
    client = as_user("ada")
    wanted = {"operation": "catalog.change_price", "rows": skus, "values": {"how": "amount", "value": "1", "ending": "", "margin": ""}}
    first, again = (client.post(API, json=wanted, headers={"Idempotency-Key": "k1"}) for _click in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json["id"] == again.json["id"]
    assert prices(session, skus) == [1100, 2100, 3100, 4100, 5100]
    seen = client.get(f"{API}{first.json['id']}/").json
    assert (seen["state"], seen["changed"], seen["preview"]["counts"]) == ("done", 5, {"changed": 5})
    assert client.post(f"{API}{first.json['id']}/undo").json["undo_of"] == first.json["id"]
    assert prices(session, skus) == [1000, 2000, 3000, 4000, 5000]


def test_what_a_program_says_wrongly_is_answered_by_field(skus, as_user):
    answer = as_user("ada").post(API, json={"operation": "catalog.change_price", "rows": skus, "values": {"how": "amount", "value": "x"}})
    assert answer.status_code == 422 and "value" in answer.json["errors"]
    assert as_user("ben").post(API, json={"operation": "catalog.change_price", "rows": skus}).status_code == 403
