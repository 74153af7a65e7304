/** Every type of event, in the groups that one asks by. */
export const EVENT_TYPES: readonly { readonly group: string; readonly types: readonly string[] }[] = [
  { group: 'Messages', types: ['TelemetryRecorded', 'DeviceEventRecorded', 'MessageRejected'] },
  { group: 'Connections', types: ['DeviceConnected', 'DeviceDisconnected'] },
  {
    group: 'Devices',
    types: ['DeviceRegistered', 'DeviceUpdated', 'DeviceEnabled', 'DeviceDisabled', 'DeviceDeleted'],
  },
  {
    group: 'Credentials',
    types: [
      'CertificateIssued',
      'CertificateRevoked',
      'CertificateExpiring',
      'PlatformCertificateExpiring',
      'TokenIssued',
      'TokenRevoked',
      'TenantTokenIssued',
      'TenantTokenRevoked',
    ],
  },
  {
    group: 'People',
    types: [
      'UserRegistered',
      'UserRoleChanged',
      'UserPasswordChanged',
      'UserDisabled',
      'UserEnabled',
      'UserDeleted',
      'SessionStarted',
      'SessionEnded',
      'SignInFailed',
    ],
  },
];
