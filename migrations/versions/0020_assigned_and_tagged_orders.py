"""Orders are given to colleagues and bear tags"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('orders_tag',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('changed_at', sa.DateTime(), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['changed_by_id'], ['ab_user.id'], name=op.f('fk_orders_tag_changed_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by_id'], ['ab_user.id'], name=op.f('fk_orders_tag_created_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_orders_tag')),
    sa.UniqueConstraint('name', name=op.f('uq_orders_tag_name')),
    sqlite_autoincrement=True
    )
    op.create_table('orders_order_tag_link',
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('tag_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders_order.id'], name=op.f('fk_orders_order_tag_link_order_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tag_id'], ['orders_tag.id'], name=op.f('fk_orders_order_tag_link_tag_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('order_id', 'tag_id', name=op.f('pk_orders_order_tag_link'))
    )
    with op.batch_alter_table('orders_order_tag_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_orders_order_tag_link_tag_id'), ['tag_id'], unique=False)
    with op.batch_alter_table('orders_order', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.add_column(sa.Column('assignee_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_orders_order_assignee_id'), 'ab_user', ['assignee_id'], ['id'], ondelete='SET NULL')
        batch_op.create_index(batch_op.f('ix_orders_order_assignee_id'), ['assignee_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('orders_order', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.drop_index(batch_op.f('ix_orders_order_assignee_id'))
        batch_op.drop_constraint(batch_op.f('fk_orders_order_assignee_id'), type_='foreignkey')
        batch_op.drop_column('assignee_id')
    op.drop_table('orders_order_tag_link')
    op.drop_table('orders_tag')
