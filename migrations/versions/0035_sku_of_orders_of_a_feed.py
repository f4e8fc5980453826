"""SKU of orders of a feed: what was bought of a line that sells several"""

import sqlalchemy as sa
from alembic import op

revision = '0035'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('live_event', sa.Column('sku', sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column('live_event', 'sku')
