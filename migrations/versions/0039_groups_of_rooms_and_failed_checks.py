"""Ways out of a room, several groups of a channel, and points of a checklist that failed with their reason"""

import sqlalchemy as sa
from alembic import op

revision = '0039'
down_revision = '0038'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('live_outlet') as table:
        table.add_column(sa.Column('name', sa.String(length=80), nullable=True))
        table.add_column(sa.Column('room_id', sa.Integer(), nullable=True))
        table.add_column(sa.Column('only_own', sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_foreign_key('fk_live_outlet_room_id', 'live_room', ['room_id'], ['id'], ondelete='RESTRICT')
        table.drop_constraint('uq_live_outlet_channel_id_kind', type_='unique')
        table.create_unique_constraint('uq_live_outlet_channel_id_kind_name', ['channel_id', 'kind', 'name'])
        table.create_index('ix_live_outlet_room_id', ['room_id'])
        table.create_index(
            'uq_live_outlet_unnamed', ['channel_id', 'kind'], unique=True, sqlite_where=sa.text('name IS NULL'),
            postgresql_where=sa.text('name IS NULL'),
        )
    op.add_column('live_check', sa.Column('failed_at', sa.DateTime(), nullable=True))
    op.add_column('live_check', sa.Column('note', sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column('live_check', 'note')
    op.drop_column('live_check', 'failed_at')
    # one way of a kind again: those with a name are what is new
    op.execute('DELETE FROM live_out WHERE outlet_id IN (SELECT id FROM live_outlet WHERE name IS NOT NULL)')
    op.execute('DELETE FROM live_outlet WHERE name IS NOT NULL')
    with op.batch_alter_table('live_outlet') as table:
        table.drop_index('uq_live_outlet_unnamed')
        table.drop_index('ix_live_outlet_room_id')
        table.drop_constraint('uq_live_outlet_channel_id_kind_name', type_='unique')
        table.create_unique_constraint('uq_live_outlet_channel_id_kind', ['channel_id', 'kind'])
        table.drop_constraint('fk_live_outlet_room_id', type_='foreignkey')
        table.drop_column('only_own')
        table.drop_column('room_id')
        table.drop_column('name')
