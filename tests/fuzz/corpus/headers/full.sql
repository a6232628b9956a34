-- revision: ae10
-- revises: 0001, 0002
-- description: adds a table: with a colon
-- irreversible: the data are gone
-- transaction: off
-- variables: on

select '${NAME}', '${}', '$$', '${A${B}';
