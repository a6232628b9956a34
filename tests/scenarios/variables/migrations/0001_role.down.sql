-- variables: on
drop table owned_by_${OWNER};
