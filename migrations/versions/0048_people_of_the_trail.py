"""The index of the trail by people without the lines of the system, on SQLite: nobody looks for these by it, and most are theirs"""

from alembic import op
from sqlalchemy import TextClause, text

revision = '0048'
down_revision = '0047'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        _make(text('actor_id IS NOT NULL'))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        _make(None)


def _make(where: TextClause | None) -> None:
    op.drop_index('ix_core_history_actor_id', table_name='core_history')
    op.create_index('ix_core_history_actor_id', 'core_history', ['actor_id'], sqlite_where=where)
