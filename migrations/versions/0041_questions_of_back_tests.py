"""Questions of back-tests: what each way of forecasting said on past sessions, and what came"""

import sqlalchemy as sa
from alembic import op

revision = '0041'
down_revision = '0040'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('live_skill') as batch:
        batch.add_column(sa.Column('rows', sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('live_skill') as batch:
        batch.drop_column('rows')
