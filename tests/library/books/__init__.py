from app.panel.core.domain import Domain

domain = Domain(__name__, label="Books", icon="fa-book", order=10)
