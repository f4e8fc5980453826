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


def test_every_command_of_a_run_is_heard_once_however_often_it_is_sent(skus, session, as_user, monkeypatch):
    from app.panel.bulk.jobs import work

    rung = []
    monkeypatch.setattr(work, "enqueue", lambda **row: rung.append(row["run_id"]))
    client = as_user("ada")
    wanted = {"operation": "catalog.change_price", "rows": skus, "start": False,
              "values": {"how": "amount", "value": "1", "ending": "", "margin": ""}}  # fmt: skip
    run = client.post(API, json=wanted).json["id"]
    assert client.get(f"{API}{run}/").json["state"] == "checked" and rung == []

    def twice(command, state):
        headers = {"Idempotency-Key": f"{command}-{len(rung)}"}
        told = [client.post(f"{API}{run}/{command}", headers=headers) for _click in range(2)]
        assert [answer.status_code for answer in told] == [200, 200], told[-1].text
        assert [answer.json["state"] for answer in told] == [state, state]

    twice("start", "queued")
    assert rung == [run]
    twice("pause", "paused")
    twice("resume", "queued")
    twice("cancel", "cancelled")
    assert rung == [run, run], "once to begin and once to go on"
    assert client.post(f"{API}{run}/start").status_code == 409
    assert client.post(f"{API}{run}/undo").status_code == 422, "nothing was changed"
    monkeypatch.undo()
    assert client.post(f"{API}{run}/resume").json["state"] == "done"
    assert prices(session, skus) == [1100, 2100, 3100, 4100, 5100]
    backs = {client.post(f"{API}{run}/undo", headers={"Idempotency-Key": "back"}).json["id"] for _click in range(2)}
    assert len(backs) == 1 and prices(session, skus) == [1000, 2000, 3000, 4000, 5000]
    assert as_user("cleo").post(f"{API}{run}/cancel").status_code in (403, 404)


def test_a_run_begins_at_the_time_that_was_chosen_on_the_screen(skus, session, as_user):
    from app.panel.bulk.models import Run

    client, screen = as_user("ada"), "/bulk/operation"
    wanted = {"operation": "catalog.change_price", "rows": skus, "start": False,
              "values": {"how": "amount", "value": "1", "ending": "", "margin": ""}}  # fmt: skip
    run = client.post(API, json=wanted).json["id"]
    client.post(f"{screen}/{run}/start", data={"begins_at": "2020-11-27T20:00"})
    assert "That time has passed." in client.get(f"{screen}/{run}/").text
    assert client.post(f"{screen}/{run}/start", data={"begins_at": "Friday"}).status_code == 400
    client.post(f"{screen}/{run}/start", data={"begins_at": "2126-11-27T20:00"})
    found = session.get(Run, run, populate_existing=True)
    assert (found.state.value, found.begins_at.isoformat()) == ("queued", "2126-11-27T12:00:00+00:00"), "by the clock of Shanghai"
    assert "Planned for" in client.get(f"{screen}/{run}/").text
    assert prices(session, skus) == [1000, 2000, 3000, 4000, 5000]


def test_limits_are_set_by_role_in_rows_and_in_money(skus, as_user):
    from app.panel.bulk.engine import approving

    client = as_user("ada")
    client.post("/bulk/limits/", data={"rows-operations": "500", "amount-operations": "2000.50", "rows-support": ""})
    assert approving.limits() == {"operations": (500, 200050)}
    refused = client.post("/bulk/limits/", data={"rows-operations": "-1", "amount-support": "77.5"})
    assert refused.status_code == 422 and "Operations: A number is needed." in refused.text and 'value="77.5"' in refused.text
    assert approving.limits() == {"operations": (500, 200050)}, "nonsense changes nothing"
    assert as_user("ben").post("/bulk/limits/", data={}).status_code == 403
