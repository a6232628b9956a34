"""What is migrated: the tables, what the application does with them, and the migration itself."""
import dataclasses

ROWS = 20000
PARTITIONS = 8


@dataclasses.dataclass(frozen=True)
class Shape:
    name: str
    about: str
    tables: str  # SQL that creates and fills them.
    application: str  # A pgbench script: one transaction.
    migration: str
    read: str  # What a reader that is in the migration's way does first in its transaction.
    vacuumed: str  # The table that autovacuum works on.


def busy_table(name, more=""):
    return f"""
create table {name} (id bigint primary key, state int not null, note text not null{more})
  with (autovacuum_enabled = off, fillfactor = 80);
insert into {name} select i, 0, repeat('x', 80) from generate_series(0, {ROWS}) i;
analyze {name};
"""


def partitioned_table(name):
    partitions = "".join(
        f"create table {name}_{i} partition of {name} for values with (modulus {PARTITIONS}, remainder {i})\n"
        "  with (autovacuum_enabled = off, fillfactor = 80);\n"
        for i in range(PARTITIONS)
    )
    return f"""
create table {name} (id bigint primary key, state int not null, note text not null) partition by hash (id);
{partitions}
insert into {name} select i, 0, repeat('x', 80) from generate_series(0, {PARTITIONS * ROWS}) i;
analyze {name};
"""


def transaction(*statements, rows=ROWS):
    return f"\\set id random(1, {rows})\n" + "".join(f"{each};\n" for each in ("begin", *statements, "commit"))


def read_and_write(table):
    return (
        f"select state, note from {table} where id = :id",
        f"update {table} set state = state + 1 where id = :id",
    )


SHAPES = [
    Shape(
        name="one",
        about="a column for one table",
        tables=busy_table("orders"),
        application=transaction(*read_and_write("orders")),
        migration="alter table orders add column remark text;\n",
        read="select count(*) from orders",
        vacuumed="orders",
    ),
    # Who locks in the order of the file holds the first table while waiting for the second.
    Shape(
        name="two",
        about="a column for each of two tables, the second of them blocked",
        tables=busy_table("orders") + busy_table("customers"),
        application=transaction(*read_and_write("orders"), *read_and_write("customers")),
        migration="alter table orders add column remark text;\n"
        "alter table customers add column remark text;\n",
        read="select count(*) from customers",
        vacuumed="customers",
    ),
    Shape(
        name="partitioned",
        about=f"a column for a parent with {PARTITIONS} partitions, one of them blocked",
        tables=partitioned_table("events"),
        application=transaction(*read_and_write("events"), rows=PARTITIONS * ROWS),
        migration="alter table events add column remark text;\n",
        read="select count(*) from events_5",
        vacuumed="events_5",
    ),
    # A foreign key takes SHARE ROW EXCLUSIVE, which lets readers pass: here the blocker has written one row,
    # which the application never touches.
    Shape(
        name="fk",
        about="a foreign key (not valid) to a busy table, blocked by a transaction that wrote one row there",
        tables=busy_table("orders") + busy_table("payments", ", order_id bigint"),
        application=transaction(
            *read_and_write("orders"), "select state, note from payments where id = :id"
        ),
        migration="alter table payments add constraint payments_order\n"
        "  foreign key (order_id) references orders (id) not valid;\n",
        read="update orders set state = state where id = 0",
        vacuumed="orders",
    ),
]
