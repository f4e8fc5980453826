"""Games of live sessions"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "live_game",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("prompt", sa.String(length=200), nullable=False),
        sa.Column("condition", sa.String(length=40), nullable=False),
        sa.Column("keyword", sa.String(length=60), nullable=True),
        sa.Column("choices", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("prize", sa.String(length=200), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("winners_wanted", sa.BigInteger(), nullable=False),
        sa.Column("opens_after", sa.BigInteger(), nullable=True),
        sa.Column("opens_at", sa.DateTime(), nullable=True),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("counts_from", sa.DateTime(), nullable=True),
        sa.Column("closes_at", sa.DateTime(), nullable=True),
        sa.Column("draws_itself", sa.Boolean(), nullable=False),
        sa.Column("host_sees_answer", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(), nullable=True),
        sa.Column("answer", sa.String(length=60), nullable=True),
        sa.Column("taken_part", sa.BigInteger(), nullable=False),
        sa.Column("in_the_draw", sa.BigInteger(), nullable=False),
        sa.Column("viewers", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seed_hash", sa.String(length=64), nullable=True),
        sa.Column("seed", sa.String(length=64), nullable=True),
        sa.Column("takers_hash", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["ab_user.id"], name=op.f("fk_live_game_changed_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_live_game_created_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["marketing_batch.id"], name=op.f("fk_live_game_batch_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["live_item.id"], name=op.f("fk_live_game_item_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["live_session.id"], name=op.f("fk_live_game_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_game")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("live_game", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_live_game_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_live_game_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_live_game_session_id_id"), ["session_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_live_game_state_opens_at"), ["state", "opens_at"], unique=False)

    op.create_table(
        "live_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("viewer", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["game_id"], ["live_game.id"], name=op.f("fk_live_entry_game_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders_order.id"], name=op.f("fk_live_entry_order_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_entry")),
        sa.UniqueConstraint("game_id", "viewer", name=op.f("uq_live_entry_game_id_viewer")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("live_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_live_entry_order_id"), ["order_id"], unique=False)

    op.create_table(
        "live_seal",
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["game_id"], ["live_game.id"], name=op.f("fk_live_seal_game_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_live_seal")),
    )
    op.create_table(
        "live_winner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("viewer", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("prize", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("coupon_id", sa.Integer(), nullable=True),
        sa.Column("won_at", sa.DateTime(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["ab_user.id"], name=op.f("fk_live_winner_changed_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["ab_user.id"], name=op.f("fk_live_winner_created_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_live_winner_customer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["marketing_coupon.id"], name=op.f("fk_live_winner_coupon_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["game_id"], ["live_game.id"], name=op.f("fk_live_winner_game_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders_order.id"], name=op.f("fk_live_winner_order_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["live_session.id"], name=op.f("fk_live_winner_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_winner")),
        sa.UniqueConstraint("game_id", "place", name=op.f("uq_live_winner_game_id_place")),
        sa.UniqueConstraint("game_id", "viewer", name=op.f("uq_live_winner_game_id_viewer")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("live_winner", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_live_winner_coupon_id"), ["coupon_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_live_winner_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_live_winner_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_live_winner_session_id_id"), ["session_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("live_winner", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_live_winner_coupon_id"))
        batch_op.drop_index(batch_op.f("ix_live_winner_session_id_id"))
        batch_op.drop_index(batch_op.f("ix_live_winner_order_id"))
        batch_op.drop_index(batch_op.f("ix_live_winner_customer_id"))

    op.drop_table("live_winner")
    op.drop_table("live_seal")
    with op.batch_alter_table("live_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_live_entry_order_id"))

    op.drop_table("live_entry")
    with op.batch_alter_table("live_game", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_live_game_batch_id"))
        batch_op.drop_index(batch_op.f("ix_live_game_state_opens_at"))
        batch_op.drop_index(batch_op.f("ix_live_game_session_id_id"))
        batch_op.drop_index(batch_op.f("ix_live_game_item_id"))

    op.drop_table("live_game")
