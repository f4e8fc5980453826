"""What people see of parcels: on the page of an order, by courier, and from a file."""

from app.panel.bulk import importers
from app.panel.core.actor import SYSTEM
from app.shop.logistics import services
from app.shop.logistics.adapters import Told
from app.shop.logistics.models import Parcel, ParcelState, TraceEvent, Waybill
from app.shop.orders import services as orders
from tests.shop.bringing import bring, counts, reasons, table, take_back
from tests.shop.logistics.conftest import NUMBER


def test_the_page_of_an_order_tells_the_way_of_its_parcel(as_user, sent):
    parcel = sent()
    services.receive(parcel.courier, [Told(NUMBER, parcel.shipped_at, place="深圳", words="快递员已揽收")], actor=SYSTEM)
    page = as_user("ben").get(f"/orders/order/show/{parcel.order_id}").text
    assert NUMBER in page and "快递员已揽收" in page
    assert as_user("cleo").get(f"/orders/order/show/{parcel.order_id}").status_code == 404


def test_standing_parcels_are_counted_by_courier_and_lead_to_their_rows(session, as_user, sent, clock):
    clock.set("2026-11-01 10:00")
    parcel = sent()
    clock.set("2026-11-10 10:00")
    services.note_standing()
    client = as_user("ben")
    page = client.get("/logistics/standing/").text
    assert "顺丰速运" in page and f"courier%22,%22eq%22,%22{parcel.courier_id}" in page.replace("%2C", ",")
    tabs = client.get("/lists/logistics_parcel/count?tabs=1").json["tabs"]
    assert (tabs["state.waiting"], tabs["state.problem"], tabs["state.signed"]) == ("1", "0", "0")
    link = page.split('<a class="lead" href="')[1].split('"')[0].replace("&amp;", "&")
    assert NUMBER in client.get(link).text
    assert "顺丰速运" not in as_user("cleo").get("/logistics/standing/").text


def test_a_waybill_is_asked_for_on_the_page_of_an_order(session, as_user, couriers, order_of):
    shipment = orders.ship(order_of(1, paid=True), actor=SYSTEM)
    address = f"/logistics/shipments/{shipment.id}/waybill/"
    client = as_user("ben")
    assert address in client.get(f"/orders/order/show/{shipment.order_id}").text
    assert client.post(address, data={"courier_id": couriers["SF"].id}).status_code == 302
    session.expire_all()
    assert session.query(Waybill).one().shipment_id == shipment.id
    assert as_user("cleo").get(address).status_code == 404


def file(*lines):
    names = ("快递公司", "运单号", "时间", "轨迹", "地点")
    return table([names, *lines])


def test_a_file_of_traces_comes_in_once_and_goes_back(session, sent):
    parcel = sent()
    content = file(
        ("顺丰速运", NUMBER, "2099-01-02 10:00", "已揽收", "深圳"), ("顺丰", NUMBER, "2099-01-03 10:00", "已签收", "杭州"),
        ("顺丰", "SF9999999999999", "2099-01-03 10:00", "已签收", "杭州"), ("飞毛腿", NUMBER, "2099-01-03 10:00", "", ""),
    )  # fmt: skip
    run = bring(content, "parcel-traces")
    assert counts(run) == {"new": 2, "changed": 0, "same": 0, "refused": 2}, reasons(run)
    session.expire_all()
    assert parcel.state is ParcelState.SIGNED and session.query(TraceEvent).count() == 2
    assert counts(bring(content, "parcel-traces")) == {"new": 0, "changed": 0, "same": 2, "refused": 2}
    take_back(run)
    session.expire_all()
    assert session.query(TraceEvent).count() == 0
    assert (session.get(Parcel, parcel.id).state, parcel.first_at) == (ParcelState.WAITING, None)


def test_a_file_is_recognised_by_its_headings(app):
    assert importers.recognise(["快递公司", "运单号", "时间", "轨迹"]).key == "parcel-traces"
