"""The trail by number: the index of its lines by row begins with the number, and holds no more than it has to"""

from alembic import op

revision = '0043'
down_revision = '0042'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_core_history_row', table_name='core_history')
    op.create_index('ix_core_history_row', 'core_history', ['key', 'table'])


def downgrade() -> None:
    op.drop_index('ix_core_history_row', table_name='core_history')
    op.create_index('ix_core_history_row', 'core_history', ['table', 'key', 'id'])
