"""The order reports of Taobao and Tmall, short and long, and Doudian's export."""

import pytest

from app.shop.orders.models import CloseReason, Order, OrderState
from tests.shop.bringing import bring, counts, headings, reasons, sheet_of, table

pytestmark = pytest.mark.slow

SHORT = ["订单编号", "总金额", "买家实际支付金额", "收货地址 ", "订单创建时间", "订单付款时间 ", "退款金额"]
LONG = headings(
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,买家实际支付金额,买家实际支付积分,订单状态,"
    "买家留言,收货人姓名,收货地址,运送方式,联系电话,联系手机,订单创建时间,订单付款时间,宝贝标题,宝贝种类,物流单号,物流公司,订单备注,宝贝总数量"
)
DOUDIAN = headings(
    "主订单编号,子订单编号,选购商品,商品规格,商品数量,商家编码,订单应付金额,运费,收件人,收件人手机号,详细地址,订单提交时间,商家备注,"
    "订单完成时间,订单状态,售后状态,取消原因,发货时间,达人ID,达人昵称"
)


def order(session, number) -> Order:
    return session.query(Order).filter_by(external_number=number).one()


def test_the_short_report_with_blanks_behind_its_headings_is_recognised(session):
    rows = [
        SHORT,
        ["1", "178.8", "0.0", "上海", "2020-02-21 00:00:00", "", "0.0"],
        ["2", "21.0", "21.0", "内蒙古自治区", "2020-02-20 23:59:54", "2020-02-21 00:00:02", "0.0"],
        ["3", "37.0", "0.0", "安徽省", "2020-02-20 23:59:35", "2020-02-21 00:00:02", "37.0"],
        ["4", "157.0", "100.0", "湖南省", "2020-02-20 23:58:34", "2020-02-20 23:58:44", "57.0"],
    ]
    run = bring(rows)
    assert run.importer == "taobao-orders"
    assert counts(run)["new"] == 4
    assert run.sums == {"CNY": {"total": 39380, "paid": 21500, "refunded": 9400, "kept": 12100}}
    unpaid, paid, back, partly = (order(session, str(n)) for n in (1, 2, 3, 4))
    assert (unpaid.state, unpaid.close_reason, unpaid.paid) == (OrderState.CLOSED, CloseReason.UNPAID, 0)
    assert (paid.state, paid.paid, paid.refunded) == (OrderState.COMPLETED, 2100, 0)
    assert (back.state, back.close_reason, back.refunded) == (OrderState.CLOSED, CloseReason.REFUNDED, 3700)
    assert (partly.state, partly.paid, partly.refunded) == (OrderState.COMPLETED, 15700, 5700)
    assert (unpaid.province, paid.province) == ("上海市", "内蒙古自治区")
    assert counts(bring(rows))["same"] == 4


@pytest.mark.parametrize("written", ["2020/2/21 0:00", "2020年2月21日 0时0分", "2020-02-21 00:00:00.000", "２０２０/２/２１ ０:００"])
def test_a_report_saved_again_by_a_spreadsheet_keeps_its_times(session, written):
    bring([SHORT, ["1", "1", "1", "上海", written, written, "0"]])
    assert order(session, "1").placed_at.isoformat() == "2020-02-20T16:00:00+00:00"


def long_row(number, **more):
    row = {
        "订单编号": number, "买家会员名": "tb_1", "买家应付货款": "100.00", "买家应付邮费": "8.00", "总金额": "108.00", "买家实际支付金额": "108.00",
        "订单状态": "交易成功", "收货人姓名": "张三", "收货地址": "广东省深圳市南山区科技园 1 号", "联系手机": "'13800138000",
        "订单创建时间": "2026-03-01 10:00:00", "订单付款时间": "2026-03-01 10:01:00", "宝贝标题": "茶杯", "宝贝总数量": "3",
        "物流单号": "No:SF123", "物流公司": "顺丰速运",
    }  # fmt: skip
    return row | more


def test_the_long_report_in_gb18030_brings_goods_address_and_parcel(session):
    content = table(sheet_of(LONG, [long_row("\t2001234567890123456")]), "gb18030")
    run = bring(content)
    assert run.importer == "taobao-orders"
    found = order(session, "2001234567890123456")
    assert (found.total, found.shipping_fee, found.state) == (10800, 800, OrderState.COMPLETED)
    assert (found.province, found.city, found.district) == ("广东省", "深圳市", "南山区")
    assert [(line.title, line.quantity, line.total) for line in found.lines] == [("茶杯", 3, 10000)]
    assert found.customer.phone == "+8613800138000"
    assert [parcel.courier for parcel in found.shipments] == ["顺丰速运"]
    assert counts(bring(content))["same"] == 1


@pytest.mark.parametrize(
    ("said", "paid_at", "state"),
    [
        ("等待买家付款", "", OrderState.PENDING), ("买家已付款，等待卖家发货", "2026-03-01 10:01:00", OrderState.PAID),
        ("卖家已发货，等待买家确认", "2026-03-01 10:01:00", OrderState.SHIPPED), ("交易关闭", "", OrderState.CLOSED),
        ("卖家部分发货", "2026-03-01 10:01:00", OrderState.PARTLY_SHIPPED),
    ],
)  # fmt: skip
def test_the_words_of_the_platform_become_our_states(session, said, paid_at, state):
    bring(sheet_of(LONG, [long_row("77", 订单状态=said, 订单付款时间=paid_at)]))
    assert order(session, "77").state is state


def test_an_order_number_that_a_spreadsheet_has_damaged_is_refused(session):
    run = bring(sheet_of(LONG, [long_row("1.18E+11"), long_row("88")]))
    assert counts(run) == {"new": 1, "changed": 0, "same": 0, "refused": 1}
    assert "damaged by a spreadsheet" in reasons(run)[2]


def test_doudian_orders_come_with_tabs_dashes_and_people_in_cipher(session):
    base = {
        "主订单编号": "\t6917926768823643751", "商品数量": "2", "商家编码": "-", "收件人": "##abc==", "收件人手机号": "$$xyz==",
        "详细地址": "##addr", "订单提交时间": "\t2026-03-01 10:00:00", "订单状态": "已完成", "订单完成时间": "2026-03-05 10:00:00",
        "售后状态": "-", "发货时间": "2026-03-02 10:00:00", "达人ID": "\t75530218846", "达人昵称": "家居控小鹿",
    }  # fmt: skip
    rows = [
        base | {"子订单编号": "\t1", "选购商品": "茶杯", "商品规格": "蓝", "订单应付金额": "¥1,100.01"},
        base | {"子订单编号": "\t2", "选购商品": "茶壶", "订单应付金额": "20", "售后状态": "退款成功"},
    ]
    run = bring("\ufeff".encode() + table(sheet_of(DOUDIAN, rows)))
    assert run.importer == "doudian-orders"
    assert (run.rows, run.new) == (2, 1)
    found = order(session, "6917926768823643751")
    assert (found.total, found.paid, found.refunded) == (112001, 112001, 2000)
    assert [line.total for line in found.lines] == [110001, 2000]
    assert (found.creator_name, found.creator_id) == ("家居控小鹿", "75530218846")
    assert (found.buyer_name, found.buyer_phone, found.street, found.customer_id) == (None, None, None, None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("买家未付款", CloseReason.UNPAID), ("退款", CloseReason.REFUNDED), ("卖家缺货", CloseReason.STOCK), ("买家拍错", CloseReason.MISTAKE),
        ("信息填写错误，重新拍", CloseReason.MISTAKE), ("我不想买了", CloseReason.BUYER), ("同城见面交易", CloseReason.OTHER), ("", CloseReason.OTHER),
    ],
)  # fmt: skip
def test_the_reason_for_closing_is_the_one_that_the_report_gives(session, said, reason):
    bring(sheet_of([*LONG, "订单关闭原因"], [long_row("77", 订单状态="交易关闭", 订单关闭原因=said), long_row("78", 订单关闭原因="订单未关闭")]))
    assert (order(session, "77").close_reason, order(session, "77").state) == (reason, OrderState.CLOSED)
    assert (order(session, "78").close_reason, order(session, "78").state) == (None, OrderState.COMPLETED)


def test_a_time_that_the_report_does_not_tell_is_not_made_up(session):
    bring(sheet_of(LONG, [long_row("77"), long_row("78", 订单状态="交易关闭")]))
    assert (order(session, "77").completed_at, order(session, "78").closed_at) == (None, None)
    told = {"发货时间": "2026-03-02 10:00:00", "确认收货时间": "2026-03-09 10:00:00"}
    bring(sheet_of([*LONG, *told], [long_row("79", **told)]))
    found = order(session, "79")
    assert [at.isoformat() for at in (found.shipped_at, found.completed_at)] == [
        "2026-03-02T02:00:00+00:00", "2026-03-09T02:00:00+00:00",
    ]  # fmt: skip


def test_the_freight_of_doudian_stands_beside_the_goods_and_each_sub_order_says_whether_it_has_gone(session):
    base = {"主订单编号": "9", "商品数量": "2", "订单提交时间": "2026-03-01 10:00:00"}
    rows = [
        base | {"选购商品": "茶杯", "订单应付金额": "58.00", "运费": "8.00", "订单状态": "已发货"},
        base | {"选购商品": "茶壶", "订单应付金额": "20", "运费": "0", "订单状态": "待发货"},
        base | {"主订单编号": "10", "选购商品": "茶盘", "订单应付金额": "5", "订单状态": "已关闭", "取消原因": "不想要了"},
    ]
    run = bring(sheet_of(DOUDIAN, rows))
    assert run.sums["CNY"]["shipping_fee"] == 800
    found = order(session, "9")
    assert (found.state, found.total, found.shipping_fee, found.adjustment) == (OrderState.PARTLY_SHIPPED, 7800, 800, 0)
    assert [(line.total, line.shipped_quantity) for line in found.lines] == [(5000, 2), (2000, 0)]
    assert order(session, "10").close_reason is CloseReason.BUYER
    assert counts(bring(sheet_of(DOUDIAN, rows)))["same"] == 2
