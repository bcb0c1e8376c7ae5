"""Prices of energy carriers by time of use."""

from collections.abc import Sequence

from alembic import op

revision: str = "0019_tariffs"
down_revision: str | None = "0018_lifecycle"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE app.energy_tariff (
            energy_tariff_id INTEGER GENERATED ALWAYS AS IDENTITY,
            enterprise_id INTEGER NOT NULL,
            carrier TEXT NOT NULL,
            valid_from DATE NOT NULL,
            currency TEXT NOT NULL,
            unit TEXT NOT NULL,
            sharp NUMERIC,
            peak NUMERIC,
            flat NUMERIC,
            valley NUMERIC,
            deep_valley NUMERIC,
            seasons JSONB NOT NULL,
            remark TEXT NOT NULL,
            changed_by TEXT NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_energy_tariff PRIMARY KEY (energy_tariff_id),
            CONSTRAINT uq_energy_tariff_enterprise_id_carrier_valid_from UNIQUE (enterprise_id, carrier, valid_from),
            CONSTRAINT fk_energy_tariff_enterprise_id FOREIGN KEY (enterprise_id) REFERENCES app.enterprise (enterprise_id),
            CONSTRAINT ck_energy_tariff_currency CHECK (currency = 'CNY'),
            CONSTRAINT ck_energy_tariff_prices CHECK (least(sharp, peak, flat, valley, deep_valley) >= 0)
        );
    """)


def downgrade() -> None:
    op.execute("DROP TABLE app.energy_tariff")
