-- Since when a device is in its state, and why.
alter table device_index
  add column connected_at timestamptz,
  add column disconnected_at timestamptz,
  add column disconnect_reason text collate "C";

-- The projection is rebuilt: its rows know none of it.
truncate device_index, device_token;
delete from subscription_checkpoint where subscription = 'device-index';
