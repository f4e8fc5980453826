"""Flask-Admin as its documentation writes a view."""

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase
from tables import URL, count_statements, over


class Base(DeclarativeBase):
    pass


app = Flask(__name__)
app.config.update(SECRET_KEY="measured", SQLALCHEMY_DATABASE_URI=URL)
Babel(app)
db = SQLAlchemy(app, model_class=Base)
Customer, Order, Line = over(db.Model)


class OrderAdmin(ModelView):
    column_list = ["number", "customer", "status", "amount", "channel", "created_at"]
    column_searchable_list = ["number", "customer.name"]
    column_filters = ["status", "channel", "created_at"]
    column_default_sort = ("created_at", True)
    form_columns = ["number", "customer", "status", "amount", "channel", "created_at"]
    page_size = 50


class CustomerAdmin(ModelView):
    column_list = ["name", "email", "created_at"]
    column_searchable_list = ["name"]


admin = Admin(app, name="Shop")
admin.add_view(OrderAdmin(Order, db))
admin.add_view(CustomerAdmin(Customer, db))
count_statements(app)
