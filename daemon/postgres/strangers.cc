#include "postgres/strangers.h"

#include "base/error.h"
#include "postgres/quoting.h"

namespace lockstep {
namespace {

// Row security would hide history, a rule or a view would answer in a table's place.
constexpr std::string_view kStrangerSql = R"((
with trusted as materialized (
  select r.oid from pg_catalog.pg_roles r
  where pg_catalog.pg_has_role(r.oid, (select u.oid from pg_catalog.pg_roles u
            where u.rolname operator(pg_catalog.=) session_user), 'member')
     or pg_catalog.pg_has_role(session_user, r.oid, 'member')
     or r.oid operator(pg_catalog.=) (select d.datdba from pg_catalog.pg_database d
          where d.datname operator(pg_catalog.=) pg_catalog.current_database())
), ours as materialized (
  select n.oid, n.nspowner, n.nspacl from pg_catalog.pg_namespace n
  where n.nspname operator(pg_catalog.=) $3
), relations as materialized (
  select c.oid, c.oid::pg_catalog.regclass as name, c.relkind, c.relowner,
         exists (select from pg_catalog.pg_rewrite w where w.ev_class operator(pg_catalog.=) c.oid) as has_rules,
         c.relrowsecurity and c.relnamespace operator(pg_catalog.=) any (select oid from ours) as hides
  from pg_catalog.pg_class c
  where (c.relnamespace operator(pg_catalog.=) any (select oid from ours)
         or c.oid operator(pg_catalog.=) pg_catalog.to_regclass($2))
    and c.relkind operator(pg_catalog.=) any ('{r,p,v,m,f}'::"char"[])
), owned (what, owner) as (
  select 'the schema', o.nspowner from ours o
  union all select pg_catalog.concat('the table ', r.name), r.relowner from relations r
  union all select pg_catalog.concat('the function ', p.oid::pg_catalog.regprocedure), p.proowner
    from pg_catalog.pg_proc p where p.pronamespace operator(pg_catalog.=) any (select oid from ours)
  union all select pg_catalog.concat('the trigger ', pg_catalog.quote_ident(t.tgname), ' on ', r.name),
      p.proowner
    from relations r join pg_catalog.pg_trigger t on t.tgrelid operator(pg_catalog.=) r.oid
    join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) t.tgfoid
)
select pg_catalog.min(found.what) from (
  select pg_catalog.concat(w.what, ' belongs to ', pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(w.owner)),
      ', who may not act as ', pg_catalog.quote_ident(session_user)) as what
    from owned w where w.owner operator(pg_catalog.<>) all (select oid from trusted)
  union all select pg_catalog.concat(
      case when a.grantee operator(pg_catalog.=) 0 then 'everybody'
           else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end,
      ' may create things in the schema')
    from ours o, pg_catalog.aclexplode(o.nspacl) a
    where a.privilege_type operator(pg_catalog.=) 'CREATE'
      and a.grantee operator(pg_catalog.<>) o.nspowner
      and a.grantee operator(pg_catalog.<>) all (select oid from trusted)
  union all select pg_catalog.concat(r.name, ' has a rule, or is no table') from relations r
    where r.has_rules or r.relkind operator(pg_catalog.<>) all ('{r,p}'::"char"[])
  union all select pg_catalog.concat(r.name, ' has row security') from relations r where r.hides
) found))";

// Whether all belongs to the schema's owner, and nobody else may add to it. What is in the schema
// is found by pg_depend, which has an index for that; pg_class and pg_proc would be read as a
// whole.
constexpr std::string_view kPlainlyOursSql = R"((
select pg_catalog.to_regclass($2) is null and not exists (
  select from pg_catalog.pg_namespace n where n.nspname operator(pg_catalog.=) $3 and (
    not exists (
      select from (values (pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))::pg_catalog.oid)) s (role)
      where n.nspowner operator(pg_catalog.=) s.role
        or pg_catalog.pg_has_role(n.nspowner, s.role, 'member')
        or n.nspowner operator(pg_catalog.=) (select d.datdba from pg_catalog.pg_database d
             where d.datname operator(pg_catalog.=) pg_catalog.current_database()))
    or exists (
      select from pg_catalog.aclexplode(n.nspacl) a
      where a.privilege_type operator(pg_catalog.=) 'CREATE' and a.grantee operator(pg_catalog.<>) n.nspowner)
    or exists (
      select from pg_catalog.pg_depend d join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) d.objid
      where d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and d.refobjid operator(pg_catalog.=) n.oid
        and d.classid operator(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
        and p.proowner operator(pg_catalog.<>) n.nspowner)
    or exists (
      select from pg_catalog.pg_depend d join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) d.objid
      where d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and d.refobjid operator(pg_catalog.=) n.oid
        and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and c.relkind operator(pg_catalog.=) any ('{r,p,v,m,f}'::"char"[])
        and (c.relowner operator(pg_catalog.<>) n.nspowner
             or c.relkind operator(pg_catalog.<>) all ('{r,p}'::"char"[])
             or c.relhasrules or c.relrowsecurity
             or exists (select from pg_catalog.pg_trigger t, pg_catalog.pg_proc p
                  where t.tgrelid operator(pg_catalog.=) c.oid and p.oid operator(pg_catalog.=) t.tgfoid
                    and p.proowner operator(pg_catalog.<>) n.nspowner)))))))";

}  // namespace

std::string_view StrangerSql() { return kStrangerSql; }
std::string_view PlainlyOursSql() { return kPlainlyOursSql; }

void RequireNoStranger(Session& session, const BookkeepingNames& names) {
  const Rows rows = session.Query("select " + std::string(kStrangerSql) + ", $1::pg_catalog.text",
                                  {SqlValue(), QuoteTable(names.alembic_table), names.schema});
  const std::string& stranger = rows.Text(0, 0);
  if (stranger.empty()) return;
  throw Error(ErrorCode::kPermission,
              "the bookkeeping schema \"" + names.schema + "\" cannot be trusted: " + stranger,
              "what is not ours there would run with our rights: find out who made it; an owner "
              "that is trusted gets our role (grant ROLE to OWNER)");
}

}  // namespace lockstep
