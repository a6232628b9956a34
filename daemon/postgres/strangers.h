// Whether somebody else could have put code behind the tables and functions that we use.
//
// What we call runs with the rights of whoever logs in, who may enter the owner's role. So our
// schema, Alembic's table, their functions and triggers have to belong to roles that could act as
// us anyway: the database's owner, a role that may become ours, or one that we may become.
#pragma once

#include <string>
#include <string_view>

#include "postgres/bookkeeping.h"
#include "postgres/session.h"

namespace lockstep {

// A scalar subquery: the first such thing in words, or NULL. Parameters: $2 the table of Alembic's
// version, $3 the schema's name, both as they were given to the query around it.
std::string_view StrangerSql();
// The same parameters: a scalar subquery that is true only where there is no stranger behind what
// we use, and takes a new session half the time. False says nothing.
std::string_view PlainlyOursSql();

// Throws Error kPermission with the first stranger there is.
void RequireNoStranger(Session& session, const BookkeepingNames& names);

}  // namespace lockstep
