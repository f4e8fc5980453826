"""The closed lists of the orders domain: stored as the short word, read as the label, seen as the tone."""

from flask_babel import lazy_gettext as _

from app.panel.core.choices import Choices


class OrderState(Choices):
    """Where an order stands; which move is allowed says `states.py`."""

    PENDING = "pending", _("To pay"), "warning"
    PAID = "paid", _("To ship"), "info"
    PARTLY_SHIPPED = "partly_shipped", _("Partly shipped"), "progress"
    SHIPPED = "shipped", _("Shipped"), "neutral"
    COMPLETED = "completed", _("Completed"), "success"
    CLOSED = "closed", _("Closed"), "muted"


class RefundState(Choices):
    NONE = "none", _("Not refunded"), "muted"
    PARTLY = "partly", _("Partly refunded"), "warning"
    FULLY = "fully", _("Refunded"), "danger"


class ReviewState(Choices):
    """Whether somebody, or the first check, has said that the order is right."""

    WAITING = "waiting", _("To confirm"), "warning"
    CONFIRMED = "confirmed", _("Confirmed"), "success"
    FAILED = "failed", _("Check failed"), "danger"


class OrderSource(Choices):
    """The way by which an order came into the house."""

    MANUAL = "manual", _("Typed in"), "neutral"
    COUNTER = "counter", _("Counter"), "neutral"
    INTAKE = "intake", _("Channel"), "info"
    IMPORT = "import", _("Import"), "muted"


class CloseReason(Choices):
    UNPAID = "unpaid", _("Not paid in time"), "neutral"
    BUYER = "buyer", _("Buyer changed their mind"), "neutral"
    STOCK = "stock", _("Out of stock"), "warning"
    REFUNDED = "refunded", _("Refunded before shipping"), "neutral"
    MISTAKE = "mistake", _("Ordered by mistake or twice"), "neutral"
    OTHER = "other", _("Other reason"), "neutral"


class PaymentMethod(Choices):
    CASH = "cash", _("Cash"), "neutral"
    ALIPAY = "alipay", _("Alipay"), "info"
    WECHAT = "wechat", _("WeChat Pay"), "success"
    CARD = "card", _("Bank card"), "neutral"
    TRANSFER = "transfer", _("Bank transfer"), "neutral"
    PLATFORM = "platform", _("Paid on the channel"), "neutral"
    OTHER = "other", _("Other"), "muted"


class PaymentState(Choices):
    PAID = "paid", _("Money received"), "success"
    FAILED = "failed", _("Payment failed"), "danger"


class RefundReason(Choices):
    UNWANTED = "unwanted", _("No longer wanted"), "neutral"
    QUALITY = "quality", _("Quality problem"), "warning"
    WRONG = "wrong", _("Wrong or missing goods"), "warning"
    LATE = "late", _("Delivered late"), "warning"
    STOCK = "stock", _("Out of stock"), "warning"
    PRICE = "price", _("Price difference"), "neutral"
    CHARGEBACK = "chargeback", _("Payment taken back"), "danger"
    OTHER = "other", _("Other reason"), "neutral"


class ExceptionState(Choices):
    OPEN = "open", _("To handle"), "danger"
    HANDLED = "handled", _("Handled"), "success"


class IntakeDoor(Choices):
    """By which way a channel sent something."""

    HOOK = "hook", _("Webhook"), "info"
    API = "api", _("API"), "neutral"


class IntakeState(Choices):
    """What came of a delivery."""

    WAITING = "waiting", _("At work"), "progress"
    NEW = "new", _("New order"), "success"
    SAME = "same", _("Order was there already"), "muted"
    BOOKED = "booked", _("Refund booked"), "success"
    REFUSED = "refused", _("Not taken"), "danger"
    DISMISSED = "dismissed", _("Set aside"), "muted"


class MessageKind(Choices):
    """What a buyer is told."""

    PAYMENT_REMINDER = "payment_reminder", _("Reminder to pay"), "warning"
    GROUP_FAILED = "group_failed", _("Group buy not complete"), "info"


class MessageWay(Choices):
    """How a message reaches the buyer. A text message waits for a person where no service sends them."""

    EMAIL = "email", _("E-mail"), "info"
    TEXT = "text", _("Text message"), "neutral"


class MessageState(Choices):
    WAITING = "waiting", _("To be sent"), "warning"
    SENT = "sent", _("Sent"), "success"
    DROPPED = "dropped", _("Not needed any more"), "muted"
