"""The time of the trail by pages: on PostgreSQL a line is written into one index less"""

from alembic import op

revision = '0045'
down_revision = '0044'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.drop_index('ix_core_history_at', table_name='core_history')
        op.create_index(
            'ix_core_history_at', 'core_history', ['at'], postgresql_using='brin', postgresql_with={'autosummarize': 'on'}
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.drop_index('ix_core_history_at', table_name='core_history')
        op.create_index('ix_core_history_at', 'core_history', ['at'])
