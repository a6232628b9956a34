-- The state of schema "public" as the lines of schema_states/*.tsv, in their order; one column, one
-- row for each line. Needs search_path = public, so that names of that schema stay unqualified.
-- Constraints are in the order in which their tables were made; everything else by name.
-- A column's position counts the columns that are left, since a dropped one keeps its number.
select line
from (
  select 1 as part, row_number() over (order by t.typname) as place,
         concat_ws(e'\t', 'enum', t.typname,
                   string_agg(e.enumlabel, ',' order by e.enumsortorder)) as line
  from pg_catalog.pg_type t
  join pg_catalog.pg_enum e on e.enumtypid = t.oid
  where t.typnamespace = 'public'::regnamespace
  group by t.typname

  union all
  select 2, row_number() over (order by c.relname, a.attnum),
         concat_ws(e'\t', 'column', c.relname,
                   row_number() over (partition by c.oid order by a.attnum), a.attname,
                   format_type(a.atttypid, a.atttypmod),
                   case when a.attnotnull then 'not null' else 'null' end,
                   coalesce(pg_get_expr(d.adbin, d.adrelid), ''))
  from pg_catalog.pg_class c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and c.relname <> 'alembic_version'

  union all
  select 3, row_number() over (order by n.conrelid, n.conname),
         concat_ws(e'\t', 'constraint', c.relname, n.conname, pg_get_constraintdef(n.oid))
  from pg_catalog.pg_constraint n
  join pg_catalog.pg_class c on c.oid = n.conrelid
  where n.connamespace = 'public'::regnamespace and c.relname <> 'alembic_version'

  union all
  select 4, row_number() over (order by i.tablename, i.indexname),
         concat_ws(e'\t', 'index', i.tablename, i.indexname, i.indexdef)
  from pg_catalog.pg_indexes i
  where i.schemaname = 'public' and i.tablename <> 'alembic_version'

  union all
  select 5, row_number() over (order by c.relname),
         concat_ws(e'\t', 'sequence', c.relname, format_type(s.seqtypid, null),
                   coalesce('owned by ' || o.relname || '.' || a.attname, 'not owned'))
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_class c on c.oid = s.seqrelid
  left join pg_catalog.pg_depend d
    on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
   and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
  left join pg_catalog.pg_class o on o.oid = d.refobjid
  left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relnamespace = 'public'::regnamespace
) as state
order by part, place
