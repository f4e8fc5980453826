"""Reasons of refused posts: a word of a list, beside the sentence that the sender was told"""

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None

CODES = ('signature', 'old', 'replayed', 'oversize', 'malformed', 'cut', 'idle')


def upgrade() -> None:
    op.add_column('live_feed', sa.Column('refused_code', sa.String(length=40), nullable=True))
    for code in CODES:
        op.execute(
            sa.text(
                'UPDATE live_feed SET refused_code = :code, refused_why = substr(refused_why, :after) WHERE refused_why LIKE :begins'
            ).bindparams(code=code, after=len(code) + 3, begins=f'{code}: %')
        )


def downgrade() -> None:
    op.execute("UPDATE live_feed SET refused_why = substr(refused_code || ': ' || refused_why, 1, 200) WHERE refused_code IS NOT NULL")
    op.drop_column('live_feed', 'refused_code')
