"""starlette-admin as its documentation writes a view. Its form asks for the customer by a request of its own."""

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase
from starlette.applications import Starlette
from starlette_admin.contrib.sqla import Admin, ModelView
from tables import URL, over


class Base(DeclarativeBase):
    pass


Customer, Order, Line = over(Base)


class OrderView(ModelView):
    fields = ["id", "number", "customer", "status", "amount", "channel", "created_at"]
    exclude_fields_from_list = exclude_fields_from_create = exclude_fields_from_edit = ["id"]
    searchable_fields = ["number"]
    fields_default_sort = [("created_at", True)]
    page_size = 50


class CustomerView(ModelView):
    fields = ["id", "name", "email", "created_at"]
    searchable_fields = ["name"]


app = Starlette()
admin = Admin(create_engine(URL), title="Shop", secret_key="measured")
admin.add_view(OrderView(Order))
admin.add_view(CustomerView(Customer))
admin.mount_to(app)
