-- revision: 68db6a7fba94
-- revises: none
-- description: initial: users, projects, milestones, transactions

create type project_status as enum (
  'draft', 'pending', 'active', 'in_progress', 'completed', 'disputed', 'cancelled', 'refunded'
);

create type milestone_status as enum (
  'pending', 'in_progress', 'completed', 'approved', 'rejected', 'disputed'
);

create type transaction_type as enum (
  'deposit', 'withdrawal', 'escrow_hold', 'escrow_release', 'refund', 'fee', 'commission'
);

create type transaction_status as enum (
  'pending', 'processing', 'completed', 'failed', 'cancelled', 'refunded'
);

create table users (
  id uuid not null,
  email character varying(255) not null,
  full_name character varying(255),
  phone_number character varying(50),
  hashed_password character varying(255),
  is_active boolean not null default true,
  is_verified boolean not null default false,
  is_superuser boolean not null default false,
  avatar_url character varying(500),
  bio text,
  created_at timestamp without time zone not null default now(),
  updated_at timestamp without time zone not null default now(),
  last_login timestamp without time zone,
  constraint users_pkey primary key (id)
);

create unique index ix_users_email on users (email);

create table projects (
  id uuid not null,
  title character varying(255) not null,
  description text not null,
  total_amount numeric(15, 2) not null,
  currency character varying(3) not null default 'USD',
  status project_status not null default 'draft',
  creator_id uuid not null,
  buyer_id uuid,
  seller_id uuid,
  terms_accepted_at timestamp without time zone,
  completion_criteria text,
  start_date timestamp without time zone,
  due_date timestamp without time zone,
  completed_at timestamp without time zone,
  created_at timestamp without time zone not null default now(),
  updated_at timestamp without time zone not null default now(),
  constraint projects_pkey primary key (id),
  constraint projects_creator_id_fkey foreign key (creator_id) references users (id),
  constraint projects_buyer_id_fkey foreign key (buyer_id) references users (id),
  constraint projects_seller_id_fkey foreign key (seller_id) references users (id)
);

create index ix_projects_creator_id on projects (creator_id);
create index ix_projects_buyer_id on projects (buyer_id);
create index ix_projects_seller_id on projects (seller_id);
create index ix_projects_status on projects (status);

create table milestones (
  id uuid not null,
  project_id uuid not null,
  title character varying(255) not null,
  description text not null,
  order_index integer not null default 0,
  amount numeric(15, 2) not null,
  currency character varying(3) not null default 'USD',
  status milestone_status not null default 'pending',
  is_paid boolean not null default false,
  completion_criteria text,
  completion_notes text,
  due_date timestamp without time zone,
  completed_at timestamp without time zone,
  approved_at timestamp without time zone,
  paid_at timestamp without time zone,
  created_at timestamp without time zone not null default now(),
  updated_at timestamp without time zone not null default now(),
  constraint milestones_pkey primary key (id),
  constraint milestones_project_id_fkey foreign key (project_id) references projects (id)
    on delete cascade
);

create index ix_milestones_project_id on milestones (project_id);
create index ix_milestones_status on milestones (status);

create table transactions (
  id uuid not null,
  user_id uuid not null,
  project_id uuid,
  transaction_type transaction_type not null,
  status transaction_status not null default 'pending',
  amount numeric(15, 2) not null,
  currency character varying(3) not null default 'USD',
  -- Quoted on purpose: the catalog keeps '0' and 0 apart, and so would a comparison of schemas.
  fee numeric(15, 2) not null default '0',
  net_amount numeric(15, 2) not null,
  payment_gateway character varying(50) default 'fincra',
  gateway_transaction_id character varying(255),
  gateway_reference character varying(255),
  gateway_response json,
  description text,
  notes text,
  extra_data json,
  created_at timestamp without time zone not null default now(),
  updated_at timestamp without time zone not null default now(),
  processed_at timestamp without time zone,
  completed_at timestamp without time zone,
  constraint transactions_pkey primary key (id),
  constraint transactions_user_id_fkey foreign key (user_id) references users (id),
  -- A transaction outlives the project that it was made for.
  constraint transactions_project_id_fkey foreign key (project_id) references projects (id)
    on delete set null
);

create index ix_transactions_user_id on transactions (user_id);
create index ix_transactions_project_id on transactions (project_id);
create index ix_transactions_status on transactions (status);
create index ix_transactions_transaction_type on transactions (transaction_type);
create unique index ix_transactions_gateway_transaction_id
  on transactions (gateway_transaction_id);
