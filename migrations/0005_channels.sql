-- 0005 channels: the registry of what can be subscribed to.
-- Undo: drop table wedsync_realtime.channels (loses added channels).

create table wedsync_realtime.channels (
    id                  smallint not null generated always as identity,
    name                text not null,
    schema_name         text not null default 'public',
    table_name          text not null,
    key_columns         text[] not null default '{id}',
    tenant_column       text not null,
    filter_key          text not null,
    supplier_authoriser text,
    couple_authoriser   text,
    columns             text[],
    is_enabled          boolean not null default true,
    found_identity      text,
    found_published     boolean,
    created_at          timestamptz not null default now(),
    constraint channels_pkey primary key (id),
    constraint channels_name_key unique (name),
    constraint channels_name_check
        check (name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and length(name) <= 40),
    constraint channels_filter_key_check
        check (filter_key in ('supplier_id', 'couple_id', 'wedding_id')),
    constraint channels_authorisers_check
        check (num_nonnulls(supplier_authoriser, couple_authoriser) > 0),
    constraint channels_supplier_authoriser_check
        check (supplier_authoriser in ('own_supplier', 'linked_couple')),
    constraint channels_couple_authoriser_check
        check (couple_authoriser in ('own_couple')),
    constraint channels_key_columns_check check (cardinality(key_columns) > 0),
    -- a brace could pass for a marker in the templates of the trigger functions
    constraint channels_columns_check
        check (tenant_column !~ '[{}]' and array_to_string(key_columns || columns, '') !~ '[{}]')
);

comment on table wedsync_realtime.channels is 'What can be subscribed to: one row a channel.';
comment on column wedsync_realtime.channels.id is 'Key, kept short because every event carries it.';
comment on column wedsync_realtime.channels.name is 'Name that clients subscribe to.';
comment on column wedsync_realtime.channels.schema_name is 'Schema of the table.';
comment on column wedsync_realtime.channels.table_name is 'Table whose changes travel.';
comment on column wedsync_realtime.channels.key_columns is
'Columns that identify a row: they pair old and new, and travel always.';
comment on column wedsync_realtime.channels.tenant_column is
'Column, of type uuid, that says whose row it is.';
comment on column wedsync_realtime.channels.filter_key is
'Key in filters that names the tenant: supplier_id, couple_id or wedding_id.';
comment on column wedsync_realtime.channels.supplier_authoriser is
'What admits a supplier''s user: own_supplier or linked_couple; null admits none.';
comment on column wedsync_realtime.channels.couple_authoriser is
'What admits a couple''s user: own_couple; null admits none.';
comment on column wedsync_realtime.channels.columns is 'Columns that travel; null is all.';
comment on column wedsync_realtime.channels.is_enabled is
'False: nobody may subscribe and nothing is recorded.';
comment on column wedsync_realtime.channels.found_identity is
'Replica identity that the table had before it was attached.';
comment on column wedsync_realtime.channels.found_published is
'Whether the table was in the publication before it was attached; null: not attached yet.';
comment on column wedsync_realtime.channels.created_at is 'When it was registered.';

alter table wedsync_realtime.channels enable row level security;

insert into wedsync_realtime.channels
    (name, table_name, tenant_column, filter_key, supplier_authoriser, couple_authoriser)
values
    ('form-responses', 'form_responses', 'supplier_id', 'supplier_id', 'own_supplier', null),
    ('journey-progress', 'journey_progress', 'supplier_id', 'supplier_id', 'own_supplier', null),
    ('core-fields', 'core_fields', 'couple_id', 'couple_id', null, 'own_couple'),
    ('client-profiles', 'clients', 'supplier_id', 'supplier_id', 'own_supplier', null),
    (
        'wedding-details', 'wedding_details', 'couple_id', 'wedding_id',
        'linked_couple', 'own_couple'
    ),
    ('supplier-profile', 'suppliers', 'id', 'supplier_id', 'own_supplier', null),
    ('couple-profile', 'couples', 'id', 'couple_id', 'linked_couple', 'own_couple');
