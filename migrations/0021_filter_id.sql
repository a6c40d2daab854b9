-- 0021 filter id: filter_id is written with filter_params. PostgreSQL reads the text of a generated
-- column's expression in each statement that updates the table, a sixth of what a ping took.
-- Undo: alter table public.realtime_subscriptions drop column filter_id cascade; alter table
-- public.realtime_subscriptions add column filter_id text generated always as (case when
-- filter_params - '{supplier_id,couple_id,wedding_id}'::text[] <> '{}' then md5((filter_params -
-- '{supplier_id,couple_id,wedding_id}'::text[])::text) end) stored; create index
-- realtime_subscriptions_topic_id_filter_id_idx on public.realtime_subscriptions (topic_id,
-- filter_id) (nothing is lost; the table is rewritten).

-- it is written wherever filter_params is, by the same function
-- squawk-ignore ban-drop-generated-expression
alter table public.realtime_subscriptions alter column filter_id drop expression;
comment on column public.realtime_subscriptions.filter_id is
'Digest of what filter_params ask for beside the tenant; null: everything.';
