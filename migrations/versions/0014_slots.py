"""How the slots of schedules went"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('core_schedule_run', sa.Column('by_hand', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('core_schedule_run', sa.Column('started_at', sa.DateTime(), nullable=True))
    op.add_column('core_schedule_run', sa.Column('finished_at', sa.DateTime(), nullable=True))
    op.add_column('core_schedule_run', sa.Column('error', sa.String(length=500), server_default='', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('core_schedule_run') as batch_op:
        for name in ('error', 'finished_at', 'started_at', 'by_hand'):
            batch_op.drop_column(name)
