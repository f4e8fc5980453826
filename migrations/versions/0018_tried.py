"""Among which rows a run stood when its worker died"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('bulk_run', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tried', sa.BigInteger(), server_default='0', nullable=False))
    with op.batch_alter_table('bulk_run', schema=None) as batch_op:
        batch_op.alter_column('tried', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('bulk_run', schema=None) as batch_op:
        batch_op.drop_column('tried')
