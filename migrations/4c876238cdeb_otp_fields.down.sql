-- revision: 4c876238cdeb

alter table users
  drop column otp_expires_at,
  drop column otp_code;
