-- revision: 4c876238cdeb
-- revises: db82de06f57d
-- description: one-time password fields of users

alter table users
  add column otp_code character varying(6),
  add column otp_expires_at timestamp without time zone;
