-- variables: on

create table owned_by_${OWNER} (id int);
comment on table owned_by_${OWNER} is '${REMARK}';
