-- 0005 channels: the registry of what can be subscribed to, and how its changes are named.
-- Undo: drop table wedsync_realtime.event_rules, wedsync_realtime.channels (loses added channels).

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
    constraint channels_key_columns_check check (cardinality(key_columns) > 0)
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

create table wedsync_realtime.event_rules (
    channel_id smallint not null,
    position   smallint not null,
    operation  text not null,
    changed    text,
    was        jsonb not null default '{}',
    becomes    jsonb not null default '{}',
    event      text not null,
    constraint event_rules_pkey primary key (channel_id, position),
    constraint event_rules_channel_id_fkey
        foreign key (channel_id) references wedsync_realtime.channels (id) on delete cascade,
    constraint event_rules_operation_check check (operation in ('INSERT', 'UPDATE', 'DELETE')),
    constraint event_rules_was_check check (jsonb_typeof(was) = 'object'),
    constraint event_rules_becomes_check check (jsonb_typeof(becomes) = 'object'),
    constraint event_rules_event_check check (event ~ '^[a-z][a-z0-9_]*[.][a-z][a-z0-9_]*$')
);

comment on table wedsync_realtime.event_rules is
'How a change is named: the first rule by position that fits; without one <channel>.<operation>.';
comment on column wedsync_realtime.event_rules.channel_id is 'Channel it belongs to.';
comment on column wedsync_realtime.event_rules.position is 'Order of trial.';
comment on column wedsync_realtime.event_rules.operation is 'INSERT, UPDATE or DELETE.';
comment on column wedsync_realtime.event_rules.changed is
'Fits only an UPDATE that changed this column; null: any.';
comment on column wedsync_realtime.event_rules.was is
'Fits only when the row before held these columns and values; {}: any.';
comment on column wedsync_realtime.event_rules.becomes is
'Fits only when the row after holds these columns and values; {}: any.';
comment on column wedsync_realtime.event_rules.event is 'Domain name that the change gets.';

alter table wedsync_realtime.channels enable row level security;
alter table wedsync_realtime.event_rules enable row level security;

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

insert into wedsync_realtime.event_rules
    (channel_id, position, operation, changed, was, becomes, event)
select c.id, r.position, r.operation, r.changed, r.was::jsonb, r.becomes::jsonb, r.event
from (
    values
        ('form-responses', 1, 'INSERT', null, '{}', '{"status": "draft"}', 'form_response.updated'),
        ('form-responses', 2, 'INSERT', null, '{}', '{}', 'form_response.submitted'),
        (
            'form-responses', 3, 'UPDATE', 'status', '{}', '{"status": "submitted"}',
            'form_response.submitted'
        ),
        ('form-responses', 4, 'UPDATE', null, '{}', '{}', 'form_response.updated'),
        ('form-responses', 5, 'DELETE', null, '{}', '{}', 'form_response.deleted'),
        (
            'journey-progress', 1, 'INSERT', null, '{}', '{"status": "completed"}',
            'milestone.completed'
        ),
        ('journey-progress', 2, 'INSERT', null, '{}', '{}', 'milestone.updated'),
        (
            'journey-progress', 3, 'UPDATE', 'status', '{}', '{"status": "completed"}',
            'milestone.completed'
        ),
        (
            'journey-progress', 4, 'UPDATE', 'status', '{"status": "completed"}', '{}',
            'milestone.reopened'
        ),
        ('journey-progress', 5, 'UPDATE', null, '{}', '{}', 'milestone.updated'),
        ('journey-progress', 6, 'DELETE', null, '{}', '{}', 'milestone.deleted'),
        ('core-fields', 1, 'INSERT', null, '{}', '{}', 'core_field.changed'),
        ('core-fields', 2, 'UPDATE', null, '{}', '{}', 'core_field.changed'),
        ('core-fields', 3, 'DELETE', null, '{}', '{}', 'core_field.removed'),
        ('client-profiles', 1, 'INSERT', null, '{}', '{}', 'client.created'),
        ('client-profiles', 2, 'UPDATE', null, '{}', '{}', 'client.updated'),
        ('client-profiles', 3, 'DELETE', null, '{}', '{}', 'client.removed'),
        ('wedding-details', 1, 'INSERT', null, '{}', '{}', 'wedding.updated'),
        ('wedding-details', 2, 'UPDATE', 'wedding_date', '{}', '{}', 'wedding.date_changed'),
        ('wedding-details', 3, 'UPDATE', null, '{}', '{}', 'wedding.updated'),
        ('wedding-details', 4, 'DELETE', null, '{}', '{}', 'wedding.removed'),
        ('supplier-profile', 1, 'INSERT', null, '{}', '{}', 'supplier.updated'),
        ('supplier-profile', 2, 'UPDATE', null, '{}', '{}', 'supplier.updated'),
        ('supplier-profile', 3, 'DELETE', null, '{}', '{}', 'supplier.removed'),
        ('couple-profile', 1, 'INSERT', null, '{}', '{}', 'couple.updated'),
        ('couple-profile', 2, 'UPDATE', null, '{}', '{}', 'couple.updated'),
        ('couple-profile', 3, 'DELETE', null, '{}', '{}', 'couple.removed')
) as r (channel, position, operation, changed, was, becomes, event)
inner join wedsync_realtime.channels as c on r.channel = c.name;
