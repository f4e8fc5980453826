"""Lines of the trail about rows that are next to each other: where they lie is told by spans, and no index holds each of them"""

import sqlalchemy as sa
from alembic import op

revision = '0051'
down_revision = '0050'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'core_history_span',
        sa.Column('part', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('table', sa.String(length=80), nullable=False),
        sa.Column('first_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('first_key', sa.Integer(), nullable=False),
        sa.Column('last_key', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('part', 'table', 'first_id', name=op.f('pk_core_history_span')),
        sqlite_with_rowid=False,
    )
    op.add_column('core_history', sa.Column('by_span', sa.Boolean(), nullable=True))
    op.drop_index('ix_core_history_row', table_name='core_history')
    by_index = sa.text('by_span IS NULL')
    op.create_index('ix_core_history_row', 'core_history', ['key', 'table'], sqlite_where=by_index, postgresql_where=by_index)


def downgrade() -> None:
    op.drop_index('ix_core_history_row', table_name='core_history')
    op.create_index('ix_core_history_row', 'core_history', ['key', 'table'])
    op.drop_column('core_history', 'by_span')
    op.drop_table('core_history_span')
