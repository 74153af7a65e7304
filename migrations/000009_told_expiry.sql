-- Days before its end at which the end of a certificate was told last: 30, then 7, then 1.
alter table device_credential add column told_days smallint;
