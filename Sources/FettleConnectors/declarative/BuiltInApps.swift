extension DeclarativeApp {
  /// The apps that come with Fettle, described as those of an operator are, in the files of the folder
  /// `Apps`. They are part of the program, read once, when the first is needed.
  public static let builtIn: [DeclarativeApp] = files.compactMap { file in
    try? DeclarativeApp(yaml: String(decoding: file.text, as: UTF8.self))
  }

  /// The files, as the build put them into the program.
  static let files: [(name: String, text: [UInt8])] = [
    ("airtable", PackageResources.airtable_yaml),
    ("amazon-advertising", PackageResources.amazon_advertising_yaml),
    ("amazon-seller-central", PackageResources.amazon_seller_central_yaml),
    ("amazon-seller", PackageResources.amazon_seller_yaml),
    ("discord", PackageResources.discord_yaml),
    ("gmail", PackageResources.gmail_yaml),
    ("google-calendar", PackageResources.google_calendar_yaml),
    ("google-email", PackageResources.google_email_yaml),
    ("google-sheets", PackageResources.google_sheets_yaml),
    ("jotform", PackageResources.jotform_yaml),
    ("openai-gpt-3", PackageResources.openai_gpt_3_yaml),
    ("slack", PackageResources.slack_yaml),
    ("supabase", PackageResources.supabase_yaml),
    ("tally", PackageResources.tally_yaml),
    ("telegram", PackageResources.telegram_yaml),
    ("workfront", PackageResources.workfront_yaml),
  ]
}
