-- 0011 event rules: how the changes of a channel are named.
-- Undo: drop table wedsync_realtime.event_rules (changes are then named by operation).

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
    -- such a text could pass for a marker in the templates of the trigger functions
    constraint event_rules_markers_check
        check (coalesce(changed, '') || was::text || becomes::text !~ '[{][a-z_]+[}]'),
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

alter table wedsync_realtime.event_rules enable row level security;

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
