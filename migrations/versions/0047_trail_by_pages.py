"""Runs and people of the trail by pages: on PostgreSQL a line is written into two indexes less"""

from alembic import op

revision = '0047'
down_revision = '0046'
branch_labels = None
depends_on = None

COLUMNS = {'run_id': 'int4_minmax_ops', 'actor_id': 'int4_bloom_ops'}


def upgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for column, kind in COLUMNS.items():
            op.drop_index(f'ix_core_history_{column}', table_name='core_history')
            op.create_index(
                f'ix_core_history_{column}', 'core_history', [column], postgresql_using='brin',
                postgresql_with={'autosummarize': 'on'}, postgresql_ops={column: kind},
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for column in COLUMNS:
            op.drop_index(f'ix_core_history_{column}', table_name='core_history')
            op.create_index(f'ix_core_history_{column}', 'core_history', [column])
