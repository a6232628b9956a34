#include "postgres/relation_queries.h"

#include "postgres/quoting.h"

namespace lockstep {
namespace {

// Both queries begin so; before this stands what was asked, as one JSON text. Names are found by
// joins over the path that the setting lockstep.path tells, because to_regclass refuses a schema
// that the role may not use. REQUIRES: an empty search_path. With another one, somebody's own
// quote_ident() or operator would be called here.
constexpr std::string_view kNamed = R"(::pg_catalog.json) as a (
    id int, thing text, schema name, name name, reach text[], "constraint" name, "column" name,
    type text, index name, functions text[], "only" boolean)
),
domain_chain (start, oid, typmod) as (
  select t.oid, t.oid, -1 from pg_catalog.pg_type t where t.typtype = 'd'
  union all
  select d.start, t.typbasetype, t.typtypmod
  from domain_chain d join pg_catalog.pg_type t on t.oid = d.oid and t.typtype = 'd'
),
path (schema, position) as (
  select n.oid, p.position
  from json_array_elements_text(current_setting('lockstep.path')::json)
       with ordinality as p (name, position)
  join pg_catalog.pg_namespace n on n.nspname = p.name::name
),
object (class, oid, name, schema) as (
  select 'pg_catalog.pg_class'::regclass, oid, relname, relnamespace
  from pg_catalog.pg_class where relname in (select name from asked)
  union all
  select 'pg_catalog.pg_type'::regclass, oid, typname, typnamespace
  from pg_catalog.pg_type where typname in (select name from asked)
  union all
  select 'pg_catalog.pg_proc'::regclass, oid, proname, pronamespace
  from pg_catalog.pg_proc where proname in (select name from asked)
  union all
  select 'pg_catalog.pg_statistic_ext'::regclass, oid, stxname, stxnamespace
  from pg_catalog.pg_statistic_ext where stxname in (select name from asked)
  union all
  select 'pg_catalog.pg_namespace'::regclass, oid, nspname, 0 from pg_catalog.pg_namespace
  union all
  select 'pg_catalog.pg_publication'::regclass, oid, pubname, 0 from pg_catalog.pg_publication
),
class_of (thing, class) as (values
  ('relation', 'pg_catalog.pg_class'::regclass), ('index', 'pg_catalog.pg_class'),
  ('default_partition', 'pg_catalog.pg_class'), ('domain', 'pg_catalog.pg_type'),
  ('type', 'pg_catalog.pg_type'), ('function', 'pg_catalog.pg_proc'),
  ('statistics', 'pg_catalog.pg_statistic_ext'), ('schema', 'pg_catalog.pg_namespace'),
  ('publication', 'pg_catalog.pg_publication')
),
thing (id, thing, class, oid) as (
  select a.id, a.thing, o.class, o.oid
  from asked a
  join class_of c on c.thing = a.thing
  join object o on o.class = c.class and o.name = a.name
  where case when a.schema = '' then
                  -- Of functions any overload may be meant.
                  o.schema = 0 or o.class = 'pg_catalog.pg_proc'::regclass
                  and o.schema in (select p.schema from path p)
                  or o.schema = (select p.schema from path p
                                 join object s on s.schema = p.schema
                                 where s.class = o.class and s.name = o.name
                                 order by p.position limit 1)
             else o.schema = (select n.oid from pg_catalog.pg_namespace n
                              where n.nspname = a.schema)
        end
),
named (id, oid) as (
  select id, oid from thing where class = 'pg_catalog.pg_class'::regclass
  union
  select t.id, c.oid
  from thing t
  join pg_catalog.pg_class c on c.relnamespace = t.oid
   and c.relkind in ('r', 'p', 'm', 'v', 'S', 'f')
  where t.thing = 'schema'
  union
  select a.id, c.oid
  from asked a
  join pg_catalog.pg_class c on c.relkind in ('r', 'p', 'm')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  where a.thing = 'database'
  union
  select t.id, c.oid
  from thing t
  join domain_chain d on d.oid = t.oid
  join pg_catalog.pg_attribute u on u.atttypid = d.start and not u.attisdropped
  join pg_catalog.pg_class c on c.oid = u.attrelid and c.relkind in ('r', 'p', 'm')
  where t.thing = 'domain'
  union
  select t.id, c.oid
  from thing t join pg_catalog.pg_class c on c.reloftype = t.oid
  where t.thing = 'type'
  union
  select t.id, x.stxrelid
  from thing t join pg_catalog.pg_statistic_ext x on x.oid = t.oid
  where t.thing = 'statistics'
  union
  select t.id, x.prrelid
  from thing t join pg_catalog.pg_publication_rel x on x.prpubid = t.oid
  where t.thing = 'publication'
),
)";

constexpr std::string_view kLocked = R"(
partition_of (parent, oid) as (
  select i.inhparent, i.inhrelid
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition
),
descendant (id, oid) as (
  select n.id, n.oid from named n join asked a on a.id = n.id and 'descendants' = any (a.reach)
  union
  select f.id, i.inhrelid
  from descendant f join pg_catalog.pg_inherits i on i.inhparent = f.oid
),
part (id, oid) as (
  select n.id, n.oid from named n join asked a on a.id = n.id and 'partitions' = any (a.reach)
  union
  select f.id, p.oid from part f join partition_of p on p.parent = f.oid
),
family (id, oid) as (table named union table descendant union table part),
-- A column is one of the side from which the key is followed.
foreign_key (id, child, parent, from_child, from_parent) as (
  select a.id, k.conrelid, k.confrelid,
         a."column" = '' or exists (
           select from pg_catalog.pg_attribute u where u.attrelid = k.conrelid
             and u.attnum = any (k.conkey) and u.attname = a."column"),
         a."column" = '' or exists (
           select from pg_catalog.pg_attribute u where u.attrelid = k.confrelid
             and u.attnum = any (k.confkey) and u.attname = a."column")
  from asked a
  join pg_catalog.pg_constraint k on k.contype = 'f'
   and (a."constraint" = '' or k.conname = a."constraint")
  where a.reach && '{referenced,referencing}'
),
referenced (id, oid) as (
  select f.id, k.parent from family f
  join foreign_key k on k.id = f.id and k.child = f.oid and k.from_child
  union
  select r.id, p.oid from referenced r join partition_of p on p.parent = r.oid
),
referencing (id, oid) as (
  select f.id, k.child from family f
  join foreign_key k on k.id = f.id and k.parent = f.oid and k.from_parent
  union
  select r.id, n.oid
  from referencing r
  cross join lateral (
    select p.oid from partition_of p where p.parent = r.oid
    union all
    select k.conrelid from pg_catalog.pg_constraint k where k.contype = 'f' and k.confrelid = r.oid
  ) n
),
viewed (id, oid) as (
  select n.id, n.oid from named n join asked a on a.id = n.id and 'viewed_tables' = any (a.reach)
  union
  select v.id, d.refobjid
  from viewed v
  join pg_catalog.pg_rewrite w on w.ev_class = v.oid
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
   and d.refclassid = 'pg_catalog.pg_class'::regclass
),
-- What DROP ... CASCADE takes along. What belongs to another thing, as a view's rule does, takes
-- that with it. Nothing is joined to `dropping` twice: the planner takes it for one row, and would
-- go through all of it for each of its rows.
dropping (id, thing, "constraint", "column") as (
  select id, thing, "constraint", "column" from asked where 'dependents' = any (reach)
),
lost (id, class, oid, number) as (
  select o.id, o.class, o.oid, o.number
  from (select t.id, t.class, t.oid, 0 as number
        from thing t
        join dropping d on d.id = t.id and d."column" = '' and d."constraint" = ''
        union all
        select f.id, 'pg_catalog.pg_class'::regclass, f.oid, 0
        from family f
        join dropping d on d.id = f.id and d."column" = '' and d."constraint" = ''
         and d.thing in ('relation', 'index')
        union all
        select f.id, 'pg_catalog.pg_class'::regclass, f.oid, u.attnum
        from family f
        join dropping d on d.id = f.id and d."column" <> ''
        join pg_catalog.pg_attribute u on u.attrelid = f.oid and u.attname = d."column"
        union all
        select f.id, 'pg_catalog.pg_constraint'::regclass, k.oid, 0
        from family f
        join dropping d on d.id = f.id and d."constraint" <> ''
        join pg_catalog.pg_constraint k on k.conrelid = f.oid and k.conname = d."constraint") o
  union
  select l.id, n.class, n.oid, n.number
  from lost l
  cross join lateral (
    select d.classid::regclass as class, d.objid as oid, d.objsubid as number
    from pg_catalog.pg_depend d
    where d.refclassid = l.class and d.refobjid = l.oid and l.number in (0, d.refobjsubid)
      and d.deptype in ('n', 'a', 'i', 'P', 'S')
    union all
    select d.refclassid::regclass, d.refobjid, d.refobjsubid
    from pg_catalog.pg_depend d
    where d.classid = l.class and d.objid = l.oid and d.objsubid = l.number and d.deptype = 'i'
  ) n
),
loser (id, oid) as (
  select id, oid from lost where class = 'pg_catalog.pg_class'::regclass
  union
  select l.id, x.indrelid from lost l join pg_catalog.pg_index x on x.indexrelid = l.oid
  where l.class = 'pg_catalog.pg_class'::regclass
  union
  -- The table that a foreign key points to is met by its triggers there.
  select l.id, k.conrelid from lost l join pg_catalog.pg_constraint k on k.oid = l.oid
  where l.class = 'pg_catalog.pg_constraint'::regclass
  union
  select l.id, x.adrelid from lost l join pg_catalog.pg_attrdef x on x.oid = l.oid
  where l.class = 'pg_catalog.pg_attrdef'::regclass
  union
  select l.id, x.tgrelid from lost l join pg_catalog.pg_trigger x on x.oid = l.oid
  where l.class = 'pg_catalog.pg_trigger'::regclass
  union
  select l.id, x.polrelid from lost l join pg_catalog.pg_policy x on x.oid = l.oid
  where l.class = 'pg_catalog.pg_policy'::regclass
  union
  select l.id, x.ev_class from lost l join pg_catalog.pg_rewrite x on x.oid = l.oid
  where l.class = 'pg_catalog.pg_rewrite'::regclass
  union
  select l.id, x.stxrelid from lost l join pg_catalog.pg_statistic_ext x on x.oid = l.oid
  where l.class = 'pg_catalog.pg_statistic_ext'::regclass
),
reached (id, reach, oid) as (
  select id, 'self', oid from named
  union
  select id, 'descendants', oid from (table descendant except table named) f
  union
  select id, 'partitions', oid from (table part except table named) f
  union
  select f.id, 'table_of_index', x.indrelid
  from family f join pg_catalog.pg_index x on x.indexrelid = f.oid
  union
  select f.id, 'parent', p.parent from family f join partition_of p on p.oid = f.oid
  union
  select f.id, 'default_partition', t.partdefid
  from family f join pg_catalog.pg_partitioned_table t on t.partrelid = f.oid
  union
  select f.id, 'sibling_default', t.partdefid
  from family f
  join partition_of p on p.oid = f.oid
  join pg_catalog.pg_partitioned_table t on t.partrelid = p.parent
  union
  select id, 'referenced', oid from referenced
  union
  select id, 'referencing', oid from referencing
  union
  select f.id, 'owned_sequences', d.objid
  from family f
  join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass
   and d.refobjid = f.oid and d.refobjsubid > 0 and d.deptype in ('a', 'i')
   and d.classid = 'pg_catalog.pg_class'::regclass
  join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
  join asked a on a.id = f.id
  where a."column" = '' or a."column" = (
    select u.attname from pg_catalog.pg_attribute u
    where u.attrelid = f.oid and u.attnum = d.refobjsubid)
  union
  select id, 'viewed_tables', oid from (table viewed except table named) v
  union
  select id, 'dependents', oid from loser
)
select r.id, r.reach, c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind,
       c.relkind in ('r', 'p') and has_schema_privilege(n.oid, 'USAGE')
       and has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
from reached r
join asked a on a.id = r.id and (r.reach = 'self' or r.reach = any (a.reach))
join pg_catalog.pg_class c on c.oid = r.oid and c.relkind not in ('t', 'c')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by r.id, c.oid, r.reach)";

constexpr std::string_view kWorkedOn = R"(
work (id, oid) as (
  select distinct n.id, coalesce(p.partdefid, x.indrelid, n.oid)
  from named n
  join asked a on a.id = n.id
  left join pg_catalog.pg_index x on x.indexrelid = n.oid
  left join pg_catalog.pg_partitioned_table p on p.partrelid = n.oid
   and a.thing = 'default_partition'
  where a.thing <> 'default_partition' or p.partdefid <> 0
),
whole (id, top, oid) as (
  select id, oid, oid from work
  union
  select w.id, w.top, i.inhrelid
  from whole w join pg_catalog.pg_inherits i on i.inhparent = w.oid
  join asked a on a.id = w.id and not a."only"
),
size (id, top, bytes, has_rows) as (
  select w.id, w.top, sum(pg_table_size(w.oid)), bool_or(pg_relation_size(w.oid) > 0)
  from whole w
  join pg_catalog.pg_class c on c.oid = w.oid and c.relkind in ('r', 'm')
  group by w.id, w.top
),
base_type (start, oid, typmod) as (
  select d.start, d.oid, d.typmod
  from domain_chain d join pg_catalog.pg_type t on t.oid = d.oid and t.typtype <> 'd'
),
-- NULL of a domain that checks is computed for each row, whatever it checks.
constrained (oid) as (
  select distinct d.start
  from domain_chain d join pg_catalog.pg_type t on t.oid = d.oid and t.typtype = 'd'
  where t.typnotnull or exists (select from pg_catalog.pg_constraint k where k.contypid = t.oid)
),
new_type (id, oid) as (
  select a.id, min(t.oid)
  from (select id, regexp_replace(type, ' *\([^)]*\)', '') as name from asked where type <> '') a
  join (select t.oid, t.typname as plain, n.nspname,
               '"' || replace(t.typname, '"', '""') || '"' as quoted,
               '"' || replace(n.nspname, '"', '""') || '".' as prefix
        from pg_catalog.pg_type t
        join pg_catalog.pg_namespace n on n.oid = t.typnamespace) t
    on a.name = t.quoted and t.oid = (
      select v.oid from path p join pg_catalog.pg_type v on v.typnamespace = p.schema
      where v.typname = t.plain order by p.position limit 1)
    or a.name = t.prefix || t.quoted
    or a.name = t.plain and t.nspname = 'pg_catalog'
  group by a.id
),
-- The server forgets the length of a domain when it looks below it.
changed (id, top, relation, number, type, typmod, own_collation) as (
  select w.id, w.top, w.oid, u.attnum, coalesce(b.oid, u.atttypid),
         case when b.oid is null then u.atttypmod end,
         u.attcollation <> t.typcollation
  from whole w
  join asked a on a.id = w.id and a.type <> ''
  join pg_catalog.pg_attribute u on u.attrelid = w.oid and u.attname = a."column"
  join pg_catalog.pg_type t on t.oid = u.atttypid
  left join base_type b on b.start = u.atttypid
),
touched_index (id, top, special) as (
  select c.id, c.top,
         x.indexprs is not null or x.indpred is not null or not x.indisvalid
  from changed c
  join pg_catalog.pg_index x on x.indrelid = c.relation
  where c.number = any (x.indkey) or exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = x.indexrelid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = c.relation
      and d.refobjsubid = c.number)
),
called (id, provolatile) as (
  select a.id, p.provolatile
  from asked a
  cross join unnest(a.functions) as f (name)
  left join pg_catalog.pg_proc p
    on p.proname = f.name and p.pronamespace in (select w.schema from path w)
    or f.name = (select n.nspname || '.' || p.proname from pg_catalog.pg_namespace n
                 where n.oid = p.pronamespace)
)
select s.id, quote_ident(n.nspname) || '.' || quote_ident(r.relname),
  (select quote_ident(pn.nspname) || '.' || quote_ident(p.relname)
   from pg_catalog.pg_inherits i
   join pg_catalog.pg_class p on p.oid = i.inhparent
   join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
   where i.inhrelid = s.top and r.relispartition),
  s.bytes, s.has_rows,
  (select json_agg(pg_get_expr(k.conbin, k.conrelid))
   from pg_catalog.pg_constraint k
   where k.conrelid = s.top and k.contype = 'c' and k.convalidated
     and not (k.connoinherit and r.relhassubclass)),
  (select json_agg(distinct u.attname)
   from whole w
   join pg_catalog.pg_attribute u on u.attrelid = w.oid and u.attnum > 0 and not u.attnotnull
   where w.id = s.id and w.top = s.top and (u.attname = a."column" or exists (
     select from pg_catalog.pg_index x
     join pg_catalog.pg_class ic on ic.oid = x.indexrelid and ic.relname = a.index
     where x.indrelid = w.oid and u.attnum = any ((x.indkey::int2[])[0:x.indnkeyatts - 1])))),
  format_type(c.type, c.typmod),
  format_type(coalesce(b.oid, t.oid), b.typmod),
  c.type = coalesce(b.oid, t.oid) or exists (
    select from pg_catalog.pg_cast x
    where x.castsource = c.type and x.casttarget = coalesce(b.oid, t.oid) and x.castmethod = 'b'),
  exists (select from constrained d where d.oid = t.oid),
  lower(current_setting('TimeZone')) in ('utc', 'etc/utc', 'gmt', 'etc/gmt'),
  exists (select from changed m join pg_catalog.pg_constraint k
            on k.conrelid = m.relation and k.contype = 'c' and k.convalidated
           and m.number = any (k.conkey)
          where m.id = s.id and m.top = s.top),
  exists (select from touched_index x where x.id = s.id and x.top = s.top),
  exists (select from touched_index x where x.id = s.id and x.top = s.top and x.special),
  c.own_collation,
  coalesce((select bool_or(coalesce(f.provolatile, 'v') = 'v')
            from called f where f.id = s.id), true)
from size s
join asked a on a.id = s.id
join pg_catalog.pg_class r on r.oid = s.top
join pg_catalog.pg_namespace n on n.oid = r.relnamespace
left join changed c on c.id = s.id and c.relation = s.top
left join new_type t on t.id = s.id
left join base_type b on b.start = t.oid
order by s.id, s.top)";

std::string QueryFor(const std::string& asked, std::string_view query) {
  std::string sql =
      "with recursive asked as materialized (select * from pg_catalog.json_to_recordset(";
  sql += QuoteLiteral(asked);
  return sql.append(kNamed).append(query);
}

}  // namespace

std::string LockedSql(const std::string& asked) { return QueryFor(asked, kLocked); }

std::string WorkedOnSql(const std::string& asked) { return QueryFor(asked, kWorkedOn); }

}  // namespace lockstep
