"""Refused events without a session"""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('live_dead', schema=None) as batch_op:
        batch_op.alter_column('session_id', existing_type=sa.INTEGER(), nullable=True)


def downgrade() -> None:
    op.execute('DELETE FROM live_dead WHERE session_id IS NULL')
    with op.batch_alter_table('live_dead', schema=None) as batch_op:
        batch_op.alter_column('session_id', existing_type=sa.INTEGER(), nullable=False)
