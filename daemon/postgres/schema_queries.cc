#include "postgres/schema_queries.h"

#include "postgres/quoting.h"

namespace lockstep {
namespace {

// One implicit transaction: it ends with the message, after an error too. pg_temp stands last, so
// that nobody's temporary object can pose as one of PostgreSQL's own.
constexpr std::string_view kSettings = R"sql(
set transaction isolation level repeatable read, read only;
set local search_path = pg_catalog, pg_temp;
set local quote_all_identifiers = off;
set local datestyle = 'ISO, YMD';
set local intervalstyle = postgres;
set local timezone = 'UTC';
set local extra_float_digits = 3;
set local bytea_output = hex;
set local xmlbinary = base64;
)sql";

// What the queries choose from. `ours`: schemas; `member`: objects that belong to an extension;
// `relation`: tables and what looks like one; `datatype`: types that are no table's and no array;
// `hidden`: objects that the comments and labels of are left out. The server drops those that a
// query does not use.
constexpr std::string_view kTableExpressions = R"sql(
ours as (
  select oid, pg_catalog.quote_ident(nspname) as name, nspowner as owner
  from pg_catalog.pg_namespace
  where nspname !~ '^pg_' and nspname <> 'information_schema'
    and nspname <> (select schema from skip)),
member as (
  select classid, objid from pg_catalog.pg_depend where deptype = 'e'),
relation as (
  select c.oid, c.relkind as kind, n.name || '.' || pg_catalog.quote_ident(c.relname) as name
  from pg_catalog.pg_class c join ours n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'c')
    and c.oid is distinct from (select relation from skip)
    and not exists (select from member m
                    where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      and m.objid = c.oid)),
datatype as (
  select t.*, n.name || '.' || pg_catalog.quote_ident(t.typname) as name
  from pg_catalog.pg_type t join ours n on n.oid = t.typnamespace
  where t.typtype in ('b', 'd', 'e', 'r', 'p')
    and not exists (select from pg_catalog.pg_type element where element.typarray = t.oid)
    and not exists (select from member m
                    where m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                      and m.objid = t.oid)),
part as (
  select c.tableoid as classid, c.oid as objid, coalesce(x.indrelid, c.oid) as relation
  from pg_catalog.pg_class c left join pg_catalog.pg_index x on x.indexrelid = c.oid
  union all select tableoid, oid, tgrelid from pg_catalog.pg_trigger
  union all select tableoid, oid, conrelid from pg_catalog.pg_constraint where conrelid <> 0
  union all select tableoid, oid, ev_class from pg_catalog.pg_rewrite
  union all select tableoid, oid, polrelid from pg_catalog.pg_policy),
hidden as (
  select classid, objid from part where relation not in (select oid from relation)
  union all select tableoid, oid from pg_catalog.pg_namespace where oid not in (select oid from ours)
  union all select classid, objid from member)
)sql";

constexpr std::string_view kSchemas = R"sql(
select 'schema ' || name, 'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(owner))
from ours
where not exists (select from member m
                  where m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                    and m.objid = ours.oid)
)sql";

constexpr std::string_view kRelations = R"sql(
select case r.kind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
                   when 'f' then 'foreign table ' when 'c' then 'type ' else 'table ' end || r.name,
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)),
    case c.relpersistence when 'u' then 'unlogged' end,
    'access method ' || (select pg_catalog.quote_ident(amname) from pg_catalog.pg_am a
                         where a.oid = c.relam),
    'tablespace ' || (select pg_catalog.quote_ident(spcname) from pg_catalog.pg_tablespace s
                      where s.oid = c.reltablespace),
    'of ' || pg_catalog.format_type(nullif(c.reloftype, 0), null),
    'options ' || (select pg_catalog.string_agg(o, ' ' order by o)
                   from pg_catalog.unnest(c.reloptions) o),
    'toast options ' || (select pg_catalog.string_agg(o, ' ' order by o)
                         from pg_catalog.pg_class t, pg_catalog.unnest(t.reloptions) o
                         where t.oid = c.reltoastrelid),
    case when c.relrowsecurity then 'row security' end,
    case when c.relforcerowsecurity then 'forced row security' end,
    case c.relreplident when 'n' then 'replica identity nothing' when 'f' then 'replica identity full'
                        when 'i' then 'replica identity index' end,
    'inherits ' || (select pg_catalog.string_agg(
                             inhparent::pg_catalog.regclass::pg_catalog.text, ' ' order by inhseqno)
                    from pg_catalog.pg_inherits where inhrelid = c.oid),
    'partition by ' || pg_catalog.pg_get_partkeydef(c.oid),
    'partition ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid),
    case when r.kind = 'm' and not c.relispopulated then 'not populated' end,
    (select pg_catalog.concat_ws(' ', 'server', pg_catalog.quote_ident(s.srvname),
              (select pg_catalog.string_agg(:shown, ' ' order by o.option_name)
               from pg_catalog.pg_options_to_table(f.ftoptions) o))
     from pg_catalog.pg_foreign_table f
     join pg_catalog.pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid),
    (select pg_catalog.concat_ws(' ', pg_catalog.format_type(seqtypid, null), 'start', seqstart,
              'increment', seqincrement, 'minimum', seqmin, 'maximum', seqmax, 'cache', seqcache,
              case when seqcycle then 'cycle' end)
     from pg_catalog.pg_sequence where seqrelid = c.oid),
    'owned by ' || (select d.refobjid::pg_catalog.regclass || '.' || pg_catalog.quote_ident(a.attname)
                    from pg_catalog.pg_depend d join pg_catalog.pg_attribute a
                      on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                    where r.kind = 'S' and d.classid = c.tableoid and d.objid = c.oid
                      and d.refclassid = c.tableoid and d.deptype in ('a', 'i')),
    case when r.kind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end)
from relation r join pg_catalog.pg_class c on c.oid = r.oid
)sql";

// Counted anew, since dropped columns keep their numbers. pg_attver is a stamp that
// PostgreSQL 15.20 itself puts among the options of each new column; nobody can set it, and pg_dump
// leaves it out.
constexpr std::string_view kColumns = R"sql(
select 'column ' || r.name || '.' || pg_catalog.quote_ident(a.attname),
  pg_catalog.concat_ws(' ',
    pg_catalog.row_number() over (partition by a.attrelid order by a.attnum),
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    case when a.attcollation <> t.typcollation
         then 'collate ' || a.attcollation::pg_catalog.regcollation end,
    case when a.attnotnull then 'not null' end,
    case a.attgenerated when '' then 'default ' when 's' then 'generated as stored '
                        else 'generated as ' end || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    case a.attidentity when 'a' then 'generated always as identity'
                       when 'd' then 'generated by default as identity' end,
    case when a.attstorage <> t.typstorage then 'storage ' || a.attstorage::pg_catalog.text end,
    'statistics ' || nullif(a.attstattarget, -1),
    'options ' || (select pg_catalog.string_agg(o, ' ' order by o)
                   from pg_catalog.unnest(a.attoptions) o
                   where pg_catalog.split_part(o, '=', 1) <> 'pg_attver'),
    'foreign options ' || (select pg_catalog.string_agg(o, ' ' order by o)
                           from pg_catalog.unnest(a.attfdwoptions) o),
    case when a.attinhcount > 0 then
      'inherited ' || a.attinhcount || case when a.attislocal then ' and local' else '' end end)
from relation r join pg_catalog.pg_attribute a on a.attrelid = r.oid
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where r.kind <> 'S' and a.attnum > 0 and not a.attisdropped
)sql";

constexpr std::string_view kCompressions = R"sql(
select 'compression of ' || r.name || '.' || pg_catalog.quote_ident(a.attname), a.attcompression
from relation r join pg_catalog.pg_attribute a on a.attrelid = r.oid
where a.attcompression <> '' and a.attnum > 0 and not a.attisdropped
)sql";

// Triggers that a constraint works by have names with OIDs in them; only their state is of
// interest.
constexpr std::string_view kConstraints = R"sql(
select 'constraint ' || coalesce(r.name, t.name) || '.' || pg_catalog.quote_ident(c.conname),
  pg_catalog.concat_ws(' ', pg_catalog.pg_get_constraintdef(c.oid),
    case when c.coninhcount > 0 then
      'inherited ' || c.coninhcount || case when c.conislocal then ' and local' else '' end end,
    case when c.connoinherit and c.contype not in ('p', 'u', 'f', 'x') then 'no inherit' end,
    'triggers ' || (select pg_catalog.string_agg(
                             pg_catalog.concat_ws(' ', g.tgfoid::pg_catalog.regproc, g.tgenabled), ' '
                             order by g.tgfoid, g.tgtype, g.tgenabled)
                    from pg_catalog.pg_trigger g
                    where g.tgconstraint = c.oid and g.tgisinternal and g.tgenabled <> 'O'))
from pg_catalog.pg_constraint c
left join relation r on r.oid = c.conrelid
left join datatype t on t.oid = c.contypid
where c.contype <> 't' and coalesce(r.name, t.name) is not null
)sql";

constexpr std::string_view kIndexes = R"sql(
select 'index ' || r.name || '.' || pg_catalog.quote_ident(c.relname),
  pg_catalog.concat_ws(', ', pg_catalog.pg_get_indexdef(c.oid),
    'tablespace ' || (select pg_catalog.quote_ident(spcname) from pg_catalog.pg_tablespace s
                      where s.oid = c.reltablespace),
    case when not x.indisvalid then 'not valid' end,
    case when not x.indisready then 'not ready' end,
    case when x.indisclustered then 'clustered' end,
    case when x.indisreplident then 'replica identity' end,
    'partition of ' || (select pg_catalog.string_agg(
                                 inhparent::pg_catalog.regclass::pg_catalog.text, ' ')
                        from pg_catalog.pg_inherits where inhrelid = c.oid),
    'statistics ' || (select pg_catalog.string_agg(
                               pg_catalog.concat_ws(' ', a.attnum, a.attstattarget), ' '
                               order by a.attnum)
                      from pg_catalog.pg_attribute a
                      where a.attrelid = c.oid and a.attstattarget >= 0))
from pg_catalog.pg_index x join relation r on r.oid = x.indrelid
join pg_catalog.pg_class c on c.oid = x.indexrelid
)sql";

constexpr std::string_view kEnums = R"sql(
select 'type ' || t.name,
  pg_catalog.concat_ws(', ', 'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(typowner)),
    'enum (' || coalesce((select pg_catalog.string_agg(
                                   pg_catalog.quote_literal(enumlabel), ', ' order by enumsortorder)
                          from pg_catalog.pg_enum where enumtypid = t.oid), '') || ')')
from datatype t where t.typtype = 'e'
)sql";

constexpr std::string_view kDomains = R"sql(
select 'domain ' || t.name,
  pg_catalog.concat_ws(', ', 'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(typowner)),
    pg_catalog.format_type(t.typbasetype, t.typtypmod),
    'collate ' || nullif(t.typcollation, 0)::pg_catalog.regcollation,
    case when t.typnotnull then 'not null' end,
    'default ' || coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault))
from datatype t where t.typtype = 'd'
)sql";

constexpr std::string_view kRanges = R"sql(
select 'type ' || t.name,
  pg_catalog.concat_ws(', ', 'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(typowner)),
    'range of ' || pg_catalog.format_type(g.rngsubtype, null),
    'multirange ' || pg_catalog.format_type(g.rngmultitypid, null),
    'collate ' || nullif(g.rngcollation, 0)::pg_catalog.regcollation,
    (select 'operator class ' || (pg_catalog.pg_identify_object(o.tableoid, o.oid, 0)).identity
     from pg_catalog.pg_opclass o where o.oid = g.rngsubopc),
    'canonical ' || g.rngcanonical, 'difference ' || g.rngsubdiff)
from datatype t join pg_catalog.pg_range g on g.rngtypid = t.oid
)sql";

constexpr std::string_view kBaseTypes = R"sql(
select 'type ' || t.name,
  pg_catalog.concat_ws(', ', 'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(typowner)),
    case when not t.typisdefined then 'shell' end,
    pg_catalog.concat_ws(' ', 'length', t.typlen, 'by value', t.typbyval, 'align', t.typalign,
      'storage', t.typstorage, 'category', t.typcategory, 'preferred', t.typispreferred,
      'delimiter', t.typdelim, 'input', t.typinput, 'output', t.typoutput,
      'receive', t.typreceive, 'send', t.typsend, 'modifiers', t.typmodin, t.typmodout,
      'analyze', t.typanalyze),
    'subscript ' || (pg_catalog.to_jsonb(t) ->> 'typsubscript'),
    'element ' || pg_catalog.format_type(nullif(t.typelem, 0), null),
    'collate ' || nullif(t.typcollation, 0)::pg_catalog.regcollation,
    'default ' || coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault))
from datatype t where t.typtype in ('b', 'p')
)sql";

// Functions that a range type brings with it belong to that type.
constexpr std::string_view kFunctions = R"sql(
select case p.prokind when 'p' then 'procedure ' else 'function ' end || p.oid::pg_catalog.regprocedure,
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.proowner)),
    pg_catalog.pg_get_functiondef(p.oid))
from pg_catalog.pg_proc p join ours n on n.oid = p.pronamespace
where p.prokind <> 'a'
  and not exists (select from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid
                    and d.deptype in ('e', 'i'))
)sql";

constexpr std::string_view kAggregates = R"sql(
select 'aggregate ' || p.oid::pg_catalog.regprocedure,
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.proowner)),
    'arguments ' || pg_catalog.pg_get_function_arguments(p.oid),
    'result ' || pg_catalog.pg_get_function_result(p.oid),
    pg_catalog.concat_ws(' ', 'kind', a.aggkind, 'direct', a.aggnumdirectargs,
      'parallel', p.proparallel, 'volatile', p.provolatile),
    pg_catalog.concat_ws(' ', 'state', pg_catalog.format_type(a.aggtranstype, null), a.aggtransspace,
      'by', a.aggtransfn::pg_catalog.regprocedure, 'from', pg_catalog.quote_nullable(a.agginitval)),
    pg_catalog.concat_ws(' ', 'final', a.aggfinalfn, a.aggfinalextra, a.aggfinalmodify,
      'combine', a.aggcombinefn, 'serial', a.aggserialfn, a.aggdeserialfn),
    pg_catalog.concat_ws(' ', 'moving', pg_catalog.format_type(nullif(a.aggmtranstype, 0), null),
      a.aggmtransspace, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggmfinalextra,
      a.aggmfinalmodify, pg_catalog.quote_nullable(a.aggminitval)),
    'sort operator ' || nullif(a.aggsortop, 0)::pg_catalog.regoperator)
from pg_catalog.pg_proc p join ours n on n.oid = p.pronamespace
join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid
where not exists (select from member m
                  where m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and m.objid = p.oid)
)sql";

constexpr std::string_view kOperators = R"sql(
select 'operator ' || o.oid::pg_catalog.regoperator,
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.oprowner)),
    case when o.oprcode = 0 then 'shell' end,
    'function ' || nullif(o.oprcode, 0)::pg_catalog.regprocedure,
    'result ' || pg_catalog.format_type(nullif(o.oprresult, 0), null),
    'commutator ' || nullif(o.oprcom, 0)::pg_catalog.regoperator,
    'negator ' || nullif(o.oprnegate, 0)::pg_catalog.regoperator,
    'restrict ' || nullif(o.oprrest, 0)::pg_catalog.regproc,
    'join ' || nullif(o.oprjoin, 0)::pg_catalog.regproc,
    case when o.oprcanhash then 'hashes' end,
    case when o.oprcanmerge then 'merges' end)
from pg_catalog.pg_operator o join ours n on n.oid = o.oprnamespace
where not exists (select from member m
                  where m.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass
                    and m.objid = o.oid)
)sql";

constexpr std::string_view kOperatorClasses = R"sql(
select 'operator class ' || i.identity,
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.opcowner)),
    'for ' || pg_catalog.format_type(o.opcintype, null),
    'stores ' || pg_catalog.format_type(nullif(o.opckeytype, 0), null),
    case when o.opcdefault then 'default' end,
    'family ' || (pg_catalog.pg_identify_object(
                    'pg_catalog.pg_opfamily'::pg_catalog.regclass, o.opcfamily, 0)).identity)
from pg_catalog.pg_opclass o join ours n on n.oid = o.opcnamespace
cross join lateral pg_catalog.pg_identify_object(o.tableoid, o.oid, 0) i
where not exists (select from member m where m.classid = o.tableoid and m.objid = o.oid)
)sql";

constexpr std::string_view kOperatorFamilies = R"sql(
select 'operator family ' || i.identity,
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(f.opfowner)),
    (select pg_catalog.string_agg(
              pg_catalog.concat_ws(' ', 'operator', amopstrategy,
                amopopr::pg_catalog.regoperator, amoppurpose,
                (select pg_catalog.quote_ident(s.opfname) from pg_catalog.pg_opfamily s
                 where s.oid = amopsortfamily)), ', '
              order by amopstrategy, amoplefttype::pg_catalog.regtype::pg_catalog.text,
                       amoprighttype::pg_catalog.regtype::pg_catalog.text, amoppurpose)
     from pg_catalog.pg_amop where amopfamily = f.oid),
    (select pg_catalog.string_agg(
              pg_catalog.concat_ws(' ', 'function', amprocnum,
                pg_catalog.format_type(amproclefttype, null),
                pg_catalog.format_type(amprocrighttype, null),
                amproc::pg_catalog.oid::pg_catalog.regprocedure), ', '
              order by amprocnum, amproclefttype::pg_catalog.regtype::pg_catalog.text,
                       amprocrighttype::pg_catalog.regtype::pg_catalog.text)
     from pg_catalog.pg_amproc where amprocfamily = f.oid))
from pg_catalog.pg_opfamily f join ours n on n.oid = f.opfnamespace
cross join lateral pg_catalog.pg_identify_object(f.tableoid, f.oid, 0) i
where not exists (select from member m where m.classid = f.tableoid and m.objid = f.oid)
)sql";

constexpr std::string_view kTriggers = R"sql(
select 'trigger ' || r.name || '.' || pg_catalog.quote_ident(t.tgname),
  pg_catalog.concat_ws(', ', pg_catalog.pg_get_triggerdef(t.oid),
    case t.tgenabled when 'D' then 'disabled' when 'A' then 'always' when 'R' then 'replica' end,
    case when (pg_catalog.to_jsonb(t) ->> 'tgparentid') <> '0' then 'from the parent' end)
from pg_catalog.pg_trigger t join relation r on r.oid = t.tgrelid
where not t.tgisinternal
)sql";

constexpr std::string_view kEventTriggers = R"sql(
select 'event trigger ' || pg_catalog.quote_ident(e.evtname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.evtowner)),
    'on ' || e.evtevent,
    'when ' || (select pg_catalog.string_agg(pg_catalog.quote_literal(tag), ' ' order by tag)
                from pg_catalog.unnest(e.evttags) tag),
    'execute ' || e.evtfoid::pg_catalog.regprocedure,
    case e.evtenabled when 'D' then 'disabled' when 'A' then 'always' when 'R' then 'replica' end)
from pg_catalog.pg_event_trigger e
where not exists (select from member m where m.classid = e.tableoid and m.objid = e.oid)
)sql";

constexpr std::string_view kRules = R"sql(
select 'rule ' || r.name || '.' || pg_catalog.quote_ident(w.rulename),
  pg_catalog.concat_ws(', ', pg_catalog.pg_get_ruledef(w.oid),
    case w.ev_enabled when 'D' then 'disabled' when 'A' then 'always' when 'R' then 'replica' end)
from pg_catalog.pg_rewrite w join relation r on r.oid = w.ev_class
where w.rulename <> '_RETURN'
)sql";

constexpr std::string_view kPolicies = R"sql(
select 'policy ' || r.name || '.' || pg_catalog.quote_ident(p.polname),
  pg_catalog.concat_ws(', ',
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                            when 'd' then 'delete' else 'all' end,
    'to ' || (select pg_catalog.string_agg(
                       case role when 0 then 'public'
                         else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(role)) end, ' '
                       order by pg_catalog.pg_get_userbyid(role))
              from pg_catalog.unnest(p.polroles) role),
    'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'with check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
from pg_catalog.pg_policy p join relation r on r.oid = p.polrelid
)sql";

constexpr std::string_view kPublications = R"sql(
select 'publication ' || pg_catalog.quote_ident(p.pubname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.pubowner)),
    case when p.puballtables then 'all tables' end, case when p.pubinsert then 'insert' end,
    case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
    case when p.pubtruncate then 'truncate' end, case when p.pubviaroot then 'via root' end)
from pg_catalog.pg_publication p
where not exists (select from member m where m.classid = p.tableoid and m.objid = p.oid)
)sql";

constexpr std::string_view kPublishedTables = R"sql(
select 'publication table ' || pg_catalog.quote_ident(p.pubname) || '.'
         || x.prrelid::pg_catalog.regclass, 'published'
from pg_catalog.pg_publication_rel x join pg_catalog.pg_publication p on p.oid = x.prpubid
)sql";

constexpr std::string_view kPublishedParts = R"sql(
select 'publication filter ' || pg_catalog.quote_ident(p.pubname) || '.'
         || x.prrelid::pg_catalog.regclass,
  pg_catalog.concat_ws(', ',
    'columns ' || (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ' '
                                                order by a.attname)
                   from pg_catalog.pg_attribute a
                   where a.attrelid = x.prrelid and a.attnum = any (x.prattrs)),
    'where ' || pg_catalog.pg_get_expr(x.prqual, x.prrelid))
from pg_catalog.pg_publication_rel x join pg_catalog.pg_publication p on p.oid = x.prpubid
where x.prattrs is not null or x.prqual is not null
)sql";

constexpr std::string_view kPublishedSchemas = R"sql(
select 'publication schema ' || pg_catalog.quote_ident(p.pubname) || '.'
         || x.pnnspid::pg_catalog.regnamespace, 'published'
from pg_catalog.pg_publication_namespace x join pg_catalog.pg_publication p on p.oid = x.pnpubid
)sql";

// How it connects may hold a password; only superusers could read it.
constexpr std::string_view kSubscriptions = R"sql(
select 'subscription ' || pg_catalog.quote_ident(s.subname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.subowner)),
    case when s.subenabled then 'enabled' end,
    'slot ' || s.subslotname, 'synchronous commit ' || s.subsynccommit,
    'publications ' || (select pg_catalog.string_agg(pg_catalog.quote_ident(p), ' ' order by p)
                        from pg_catalog.unnest(s.subpublications) p))
from pg_catalog.pg_subscription s
where s.subdbid = (select oid from pg_catalog.pg_database
                   where datname = pg_catalog.current_database())
)sql";

constexpr std::string_view kStatistics = R"sql(
select 'statistics ' || n.name || '.' || pg_catalog.quote_ident(s.stxname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.stxowner)),
    pg_catalog.pg_get_statisticsobjdef(s.oid), 'target ' || nullif(s.stxstattarget, -1))
from pg_catalog.pg_statistic_ext s join ours n on n.oid = s.stxnamespace
where not exists (select from member m where m.classid = s.tableoid and m.objid = s.oid)
)sql";

constexpr std::string_view kExtensions = R"sql(
select 'extension ' || pg_catalog.quote_ident(e.extname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.extowner)),
    'version ' || e.extversion, 'schema ' || e.extnamespace::pg_catalog.regnamespace)
from pg_catalog.pg_extension e
)sql";

// 16384 is the first OID that PostgreSQL gives to what a user makes (FirstNormalObjectId).
constexpr std::string_view kCasts = R"sql(
select 'cast ' || i.identity,
  pg_catalog.concat_ws(', ', pg_catalog.concat_ws(' ', 'context', c.castcontext, 'method', c.castmethod),
    'function ' || nullif(c.castfunc, 0)::pg_catalog.regprocedure)
from pg_catalog.pg_cast c cross join lateral pg_catalog.pg_identify_object(c.tableoid, c.oid, 0) i
where c.oid >= 16384
  and not exists (select from member m where m.classid = c.tableoid and m.objid = c.oid)
)sql";

// The library's version of a collation is no migration's doing. Newer servers have other names for
// the ICU columns.
constexpr std::string_view kCollations = R"sql(
select 'collation ' || n.name || '.' || pg_catalog.quote_ident(c.collname)
         || case c.collencoding when -1 then ''
              else ' for ' || pg_catalog.pg_encoding_to_char(c.collencoding) end,
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.collowner)),
    'provider ' || c.collprovider::pg_catalog.text,
    case when not c.collisdeterministic then 'not deterministic' end,
    'collate ' || c.collcollate, 'ctype ' || c.collctype,
    'locale ' || coalesce(j.collation ->> 'colllocale', j.collation ->> 'colliculocale'),
    'rules ' || (j.collation ->> 'collicurules'))
from pg_catalog.pg_collation c join ours n on n.oid = c.collnamespace
cross join lateral (select pg_catalog.to_jsonb(c) as collation) j
where not exists (select from member m where m.classid = c.tableoid and m.objid = c.oid)
)sql";

constexpr std::string_view kConversions = R"sql(
select 'conversion ' || n.name || '.' || pg_catalog.quote_ident(c.conname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.conowner)),
    'from ' || pg_catalog.pg_encoding_to_char(c.conforencoding),
    'to ' || pg_catalog.pg_encoding_to_char(c.contoencoding),
    'by ' || c.conproc, case when c.condefault then 'default' end)
from pg_catalog.pg_conversion c join ours n on n.oid = c.connamespace
where not exists (select from member m where m.classid = c.tableoid and m.objid = c.oid)
)sql";

constexpr std::string_view kTextSearch = R"sql(
select 'text search ' || o.kind || ' ' || o.name, o.definition
from (
  select p.tableoid, p.oid, 'parser' as kind,
    n.name || '.' || pg_catalog.quote_ident(p.prsname) as name,
    pg_catalog.concat_ws(' ', p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype)
      as definition
  from pg_catalog.pg_ts_parser p join ours n on n.oid = p.prsnamespace
  union all
  select t.tableoid, t.oid, 'template', n.name || '.' || pg_catalog.quote_ident(t.tmplname),
    pg_catalog.concat_ws(' ', t.tmplinit, t.tmpllexize)
  from pg_catalog.pg_ts_template t join ours n on n.oid = t.tmplnamespace
  union all
  select d.tableoid, d.oid, 'dictionary', n.name || '.' || pg_catalog.quote_ident(d.dictname),
    pg_catalog.concat_ws(', ',
      'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.dictowner)),
      (pg_catalog.pg_identify_object(
         'pg_catalog.pg_ts_template'::pg_catalog.regclass, d.dicttemplate, 0)).identity,
      d.dictinitoption)
  from pg_catalog.pg_ts_dict d join ours n on n.oid = d.dictnamespace
  union all
  select c.tableoid, c.oid, 'configuration', n.name || '.' || pg_catalog.quote_ident(c.cfgname),
    pg_catalog.concat_ws(', ',
      'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.cfgowner)),
      (pg_catalog.pg_identify_object(
         'pg_catalog.pg_ts_parser'::pg_catalog.regclass, c.cfgparser, 0)).identity,
      (select pg_catalog.string_agg(
                pg_catalog.concat_ws(' ', maptokentype, mapdict::pg_catalog.regdictionary), ', '
                order by maptokentype, mapseqno)
       from pg_catalog.pg_ts_config_map where mapcfg = c.oid))
  from pg_catalog.pg_ts_config c join ours n on n.oid = c.cfgnamespace) o
where not exists (select from member m where m.classid = o.tableoid and m.objid = o.oid)
)sql";

constexpr std::string_view kForeignWrappers = R"sql(
select 'foreign data wrapper ' || pg_catalog.quote_ident(f.fdwname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(f.fdwowner)),
    'handler ' || nullif(f.fdwhandler, 0)::pg_catalog.regproc,
    'validator ' || nullif(f.fdwvalidator, 0)::pg_catalog.regproc,
    'options ' || (select pg_catalog.string_agg(:shown, ' ' order by o.option_name)
                   from pg_catalog.pg_options_to_table(f.fdwoptions) o))
from pg_catalog.pg_foreign_data_wrapper f
where not exists (select from member m where m.classid = f.tableoid and m.objid = f.oid)
)sql";

constexpr std::string_view kForeignServers = R"sql(
select 'foreign server ' || pg_catalog.quote_ident(s.srvname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.srvowner)),
    'wrapper ' || (select pg_catalog.quote_ident(f.fdwname)
                   from pg_catalog.pg_foreign_data_wrapper f where f.oid = s.srvfdw),
    'type ' || s.srvtype, 'version ' || s.srvversion,
    'options ' || (select pg_catalog.string_agg(:shown, ' ' order by o.option_name)
                   from pg_catalog.pg_options_to_table(s.srvoptions) o))
from pg_catalog.pg_foreign_server s
where not exists (select from member m where m.classid = s.tableoid and m.objid = s.oid)
)sql";

constexpr std::string_view kUserMappings = R"sql(
select 'user mapping ' || case u.umuser when 0 then 'public'
                            else pg_catalog.quote_ident(u.usename) end
         || ' on ' || pg_catalog.quote_ident(u.srvname),
  pg_catalog.concat_ws(', ', 'mapped',
    (select pg_catalog.string_agg(:shown, ' ' order by o.option_name)
     from pg_catalog.pg_options_to_table(u.umoptions) o))
from pg_catalog.pg_user_mappings u
)sql";

constexpr std::string_view kDefaultPrivileges = R"sql(
select 'default privileges of ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.defaclrole))
         || coalesce(' in schema ' || n.name, '') || ' on '
         || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences'
                                 when 'f' then 'functions' when 'T' then 'types'
                                 when 'n' then 'schemas' else d.defaclobjtype::pg_catalog.text end,
  coalesce((select pg_catalog.string_agg(a::pg_catalog.text, ' ' order by a::pg_catalog.text)
            from pg_catalog.unnest(d.defaclacl) a), 'none')
from pg_catalog.pg_default_acl d left join ours n on n.oid = d.defaclnamespace
where d.defaclnamespace = 0 or n.oid is not null
)sql";

constexpr std::string_view kLanguages = R"sql(
select 'language ' || pg_catalog.quote_ident(l.lanname),
  pg_catalog.concat_ws(', ',
    'owner ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(l.lanowner)),
    case when l.lanpltrusted then 'trusted' end,
    'handler ' || nullif(l.lanplcallfoid, 0)::pg_catalog.regproc,
    'inline ' || nullif(l.laninline, 0)::pg_catalog.regproc,
    'validator ' || nullif(l.lanvalidator, 0)::pg_catalog.regproc)
from pg_catalog.pg_language l
where l.oid >= 16384
  and not exists (select from member m where m.classid = l.tableoid and m.objid = l.oid)
)sql";

constexpr std::string_view kTransforms = R"sql(
select 'transform ' || i.identity,
  pg_catalog.concat_ws(' ', 'from', t.trffromsql, 'to', t.trftosql)
from pg_catalog.pg_transform t
cross join lateral pg_catalog.pg_identify_object(t.tableoid, t.oid, 0) i
where not exists (select from member m where m.classid = t.tableoid and m.objid = t.oid)
)sql";

constexpr std::string_view kAccessMethods = R"sql(
select 'access method ' || pg_catalog.quote_ident(a.amname),
  pg_catalog.concat_ws(' ', 'type', a.amtype, 'handler', a.amhandler)
from pg_catalog.pg_am a
where a.oid >= 16384
  and not exists (select from member m where m.classid = a.tableoid and m.objid = a.oid)
)sql";

constexpr std::string_view kDatabaseSettings = R"sql(
select 'setting ' || o.option_name || ' of the database'
         || case s.setrole when 0 then ''
              else ' for ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.setrole)) end,
  :shown
from pg_catalog.pg_db_role_setting s
cross join lateral pg_catalog.pg_options_to_table(s.setconfig) o
where s.setdatabase = (select oid from pg_catalog.pg_database
                       where datname = pg_catalog.current_database())
)sql";

constexpr std::string_view kComments = R"sql(
select 'comment on ' || i.type || ' ' || i.identity, d.description
from pg_catalog.pg_description d
cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
where (d.objoid >= 16384 or d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
  and (i.schema is null or i.schema in (select name from ours))
  and not exists (select from hidden h where h.classid = d.classoid and h.objid = d.objoid)
)sql";

constexpr std::string_view kSecurityLabels = R"sql(
select 'security label ' || pg_catalog.quote_ident(l.provider) || ' on ' || i.type || ' '
         || i.identity, l.label
from pg_catalog.pg_seclabel l
cross join lateral pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) i
where (i.schema is null or i.schema in (select name from ours))
  and not exists (select from hidden h where h.classid = l.classoid and h.objid = l.objoid)
)sql";

// What differs from the privileges that the object was born with: those of PostgreSQL's or an
// extension's installation, else the owner's defaults. So an object that nobody granted anything on
// says nothing here, whether its list of privileges is NULL or was written out by a REVOKE.
constexpr std::string_view kGrants = R"sql(
, listed as (
  select c.tableoid as classid, c.oid as objid, 0 as subid, c.relacl as acl, c.relowner as owner,
    case c.relkind when 'S' then 's' else 'r' end::pg_catalog."char" as kind,
    c.relnamespace as schema
  from pg_catalog.pg_class c where c.oid is distinct from (select relation from skip)
  union all
  select c.tableoid, c.oid, a.attnum, a.attacl, c.relowner, 'c', c.relnamespace
  from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
  where not a.attisdropped and c.oid is distinct from (select relation from skip)
  union all
  select tableoid, oid, 0, proacl, proowner, 'f', pronamespace from pg_catalog.pg_proc
  union all
  select tableoid, oid, 0, nspacl, nspowner, 'n', oid from pg_catalog.pg_namespace
  union all
  select tableoid, oid, 0, typacl, typowner, 'T', typnamespace from pg_catalog.pg_type
  union all
  select tableoid, oid, 0, lanacl, lanowner, 'l', 0 from pg_catalog.pg_language
  union all
  select tableoid, oid, 0, fdwacl, fdwowner, 'F', 0 from pg_catalog.pg_foreign_data_wrapper
  union all
  select tableoid, oid, 0, srvacl, srvowner, 'S', 0 from pg_catalog.pg_foreign_server
  union all
  select tableoid, oid, 0, datacl, datdba, 'd', 0 from pg_catalog.pg_database
  where datname = pg_catalog.current_database()),
changed as (
  select l.classid, l.objid, l.subid,
    coalesce(l.acl, pg_catalog.acldefault(l.kind, l.owner)) as acl,
    coalesce(i.initprivs, pg_catalog.acldefault(l.kind, l.owner)) as born_with
  from listed l left join pg_catalog.pg_init_privs i
    on i.classoid = l.classid and i.objoid = l.objid and i.objsubid = l.subid
  where l.acl is distinct from i.initprivs
    and l.schema not in (
      select oid from pg_catalog.pg_namespace
      where nspname ~ '^pg_(temp|toast)' or nspname = 'information_schema'
        or nspname = (select schema from skip))),
given as (
  select c.classid, c.objid, c.subid, a.grantee, a.privilege_type, a.grantor, a.is_grantable
  from changed c cross join lateral pg_catalog.aclexplode(c.acl) a),
born_with as (
  select c.classid, c.objid, c.subid, a.grantee, a.privilege_type, a.grantor, a.is_grantable
  from changed c cross join lateral pg_catalog.aclexplode(c.born_with) a),
deviation as (
  select 'grant of ' as what, ' to ' as preposition, g.* from (table given except table born_with) g
  union all
  select 'revocation of ', ' from ', b.*, 0, false
  from (select classid, objid, subid, grantee, privilege_type from born_with
        except select classid, objid, subid, grantee, privilege_type from given) b)
select d.what || pg_catalog.lower(d.privilege_type) || ' on ' || i.type || ' ' || i.identity
         || d.preposition || case d.grantee when 0 then 'public'
              else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.grantee)) end,
  pg_catalog.string_agg(
    case d.grantor when 0 then '' else
      'by ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.grantor)) end
    || case when d.is_grantable then ' with grant option' else '' end, ', '
    order by pg_catalog.pg_get_userbyid(d.grantor), d.is_grantable)
from deviation d cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, d.subid) i
group by 1
)sql";

// What the queries say of an option or setting `o`, in the place of ":shown". Of what sounds like a
// secret only as much of a digest as shows that it has changed.
constexpr std::string_view kShown = R"sql(
  o.option_name || '=' ||
  case when o.option_name ~* 'pass|secret|token|key|credential'
    then 'digest ' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(
           pg_catalog.convert_to(o.option_value, 'UTF8')), 'hex'), 6)
    else pg_catalog.quote_nullable(o.option_value) end
)sql";

std::string Replaced(std::string_view text, std::string_view mark, std::string_view value) {
  std::string replaced(text);
  for (auto at = replaced.find(mark); at != std::string::npos;
       at = replaced.find(mark, at + value.size())) {
    replaced.replace(at, mark.size(), value);
  }
  return replaced;
}

// `skip`: the one row of what to leave out.
std::string TableExpressions(std::string_view skip_schema, std::string_view skip_table) {
  const std::string table = skip_table.empty() ? "null" : QuoteLiteral(QuoteTable(skip_table));
  return "with skip as (select " + QuoteLiteral(skip_schema) +
         " as schema, pg_catalog.to_regclass(" + table + ") as relation)," +
         std::string(kTableExpressions);
}

}  // namespace

const std::vector<SchemaQuery>& SchemaQueries() {
  static const std::vector<SchemaQuery> queries = {
      {"schema", kSchemas},
      {"relation", kRelations},
      {"column", kColumns},
      {"compression", kCompressions, 140000},
      {"constraint", kConstraints},
      {"index", kIndexes},
      {"enum", kEnums},
      {"domain", kDomains},
      {"range", kRanges},
      {"base type", kBaseTypes},
      {"function", kFunctions},
      {"aggregate", kAggregates},
      {"operator", kOperators},
      {"operator class", kOperatorClasses},
      {"operator family", kOperatorFamilies},
      {"trigger", kTriggers},
      {"event trigger", kEventTriggers},
      {"rule", kRules},
      {"policy", kPolicies},
      {"publication", kPublications},
      {"published table", kPublishedTables},
      {"publication filter", kPublishedParts, 150000},
      {"published schema", kPublishedSchemas, 150000},
      {"subscription", kSubscriptions},
      {"statistics", kStatistics},
      {"extension", kExtensions},
      {"cast", kCasts},
      {"collation", kCollations},
      {"conversion", kConversions},
      {"text search", kTextSearch},
      {"foreign data wrapper", kForeignWrappers},
      {"foreign server", kForeignServers},
      {"user mapping", kUserMappings},
      {"default privileges", kDefaultPrivileges},
      {"language", kLanguages},
      {"transform", kTransforms},
      {"access method", kAccessMethods},
      {"database setting", kDatabaseSettings},
      {"comment", kComments},
      {"security label", kSecurityLabels},
      {"grant", kGrants},
  };
  return queries;
}

std::string SchemaMessage(int server_version, std::string_view skip_schema,
                          std::string_view skip_table) {
  const std::string expressions = TableExpressions(skip_schema, skip_table);
  std::string message(kSettings);
  for (const SchemaQuery& query : SchemaQueries()) {
    if (server_version < query.from_version) continue;
    message.append(expressions).append(Replaced(query.sql, ":shown", kShown)).append(";\n");
  }
  return message;
}

}  // namespace lockstep
