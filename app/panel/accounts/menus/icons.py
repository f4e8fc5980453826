"""The icons that an entry can wear: those of the font that the pages load."""

from __future__ import annotations

import functools
import re
from importlib.util import find_spec
from pathlib import Path

# the ones that a shop reaches for first, with words to find them by
COMMON = (
    ("fa-house", "Home", "首页"), ("fa-cart-shopping", "Orders", "订单"), ("fa-bag-shopping", "Shopping", "购物"),
    ("fa-box", "Product", "商品"), ("fa-boxes-stacked", "Stock", "库存"), ("fa-warehouse", "Warehouse", "仓库"),
    ("fa-barcode", "Barcode", "条码"), ("fa-truck", "Delivery", "物流"), ("fa-plane", "Air freight", "空运"),
    ("fa-rotate-left", "Returns", "退货"), ("fa-users", "People", "人员"), ("fa-user", "Person", "个人"),
    ("fa-user-tie", "Manager", "经理"), ("fa-headset", "Support", "客服"), ("fa-address-book", "Contacts", "通讯录"),
    ("fa-comments", "Chat", "聊天"), ("fa-envelope", "Mail", "邮件"), ("fa-phone", "Telephone", "电话"),
    ("fa-bell", "Notices", "通知"), ("fa-bullhorn", "Promotion", "推广"), ("fa-tags", "Tags", "标签"),
    ("fa-ticket", "Coupon", "优惠券"), ("fa-gift", "Gift", "赠品"), ("fa-star", "Favourites", "收藏"),
    ("fa-heart", "Wishes", "喜欢"), ("fa-video", "Live", "直播"), ("fa-microphone", "Microphone", "麦克风"),
    ("fa-camera", "Pictures", "图片"), ("fa-film", "Clips", "视频"), ("fa-gamepad", "Games", "游戏"),
    ("fa-coins", "Money", "资金"), ("fa-wallet", "Wallet", "钱包"), ("fa-credit-card", "Payments", "支付"),
    ("fa-receipt", "Receipts", "小票"), ("fa-file-invoice", "Invoices", "发票"), ("fa-scale-balanced", "Ledger", "账目"),
    ("fa-percent", "Commission", "佣金"), ("fa-chart-line", "Trend", "趋势"), ("fa-chart-pie", "Shares", "占比"),
    ("fa-chart-column", "Figures", "数据"), ("fa-table", "Table", "表格"), ("fa-list", "List", "列表"),
    ("fa-list-check", "To do", "待办"), ("fa-calendar-days", "Calendar", "日历"), ("fa-clock", "Time", "时间"),
    ("fa-folder", "Folder", "文件夹"), ("fa-file-lines", "Document", "文档"), ("fa-paperclip", "Attachment", "附件"),
    ("fa-link", "Link", "链接"), ("fa-globe", "Web", "网站"), ("fa-store", "Shop", "店铺"), ("fa-building", "Company", "公司"),
    ("fa-map-location-dot", "Map", "地图"), ("fa-key", "Key", "钥匙"), ("fa-shield-halved", "Security", "安全"),
    ("fa-gear", "Settings", "设置"), ("fa-screwdriver-wrench", "Tools", "工具"), ("fa-print", "Print", "打印"),
    ("fa-book", "Handbook", "手册"), ("fa-circle-question", "Help", "帮助"),
)  # fmt: skip
_RULE = re.compile(r"((?:\.fa-[a-z0-9-]+:before,?)+)\{content:")


@functools.cache
def names() -> frozenset[str]:
    """Every icon of the solid face, by the names that the style sheet of the package gives them."""
    spec = find_spec("flask_appbuilder")
    folder = Path(spec.origin or "").parent / "static" / "appbuilder" / "css" / "fontawesome" if spec else Path()
    found = _read(folder / "fontawesome.min.css")
    return found - _read(folder / "brands.min.css")


def _read(path: Path) -> frozenset[str]:
    rules = "".join(_RULE.findall(path.read_text()))
    return frozenset(re.findall(r"\.(fa-[a-z0-9-]+):before", rules))


def word(language: str, english: str, chinese: str) -> str:
    return chinese if language.startswith("zh") else english
