"""Operations that are repeated"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('upkeep_repeat',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('schedule_id', sa.Integer(), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=False),
    sa.Column('operation', sa.String(length=120), nullable=False),
    sa.Column('selection', sa.JSON(), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('label', sa.String(length=200), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['actor_id'], ['ab_user.id'], name=op.f('fk_upkeep_repeat_actor_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_upkeep_repeat_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_upkeep_repeat_created_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['schedule_id'], ['core_schedule.id'], name=op.f('fk_upkeep_repeat_schedule_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upkeep_repeat')),
    sa.UniqueConstraint('schedule_id', name=op.f('uq_upkeep_repeat_schedule_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('upkeep_repeat', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_upkeep_repeat_actor_id'), ['actor_id'], unique=False)


def downgrade() -> None:
    op.execute("DELETE FROM core_schedule WHERE job = 'upkeep.repeat'")
    op.drop_table('upkeep_repeat')
