"""Conclusions of checklists: which conclusion a point of a checklist is"""

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0039'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('live_check') as batch:
        batch.add_column(sa.Column('conclusion_id', sa.Integer(), nullable=True))
        batch.create_index(batch.f('ix_live_check_conclusion_id'), ['conclusion_id'])
        batch.create_foreign_key(
            batch.f('fk_live_check_conclusion_id'), 'live_conclusion', ['conclusion_id'], ['id'], ondelete='SET NULL'
        )
    # points that say what an open conclusion of their shop says are of it
    op.execute("""
        UPDATE live_check SET conclusion_id = (
            SELECT min(c.id) FROM live_conclusion c
            JOIN live_session taught ON taught.id = c.session_id
            JOIN live_session mine ON mine.id = live_check.session_id
            WHERE taught.shop_id = mine.shop_id AND taught.starts_at < mine.starts_at AND c.closed_at IS NULL
            AND substr(c.text, 1, 300) = live_check.text)
        WHERE kind = 'conclusion' AND done_at IS NULL
    """)


def downgrade() -> None:
    with op.batch_alter_table('live_check') as batch:
        batch.drop_constraint(batch.f('fk_live_check_conclusion_id'), type_='foreignkey')
        batch.drop_index(batch.f('ix_live_check_conclusion_id'))
        batch.drop_column('conclusion_id')
