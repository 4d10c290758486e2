"""VK as two channels: a community's messages, and the comments on its wall.

`channel.VkChannel` receives for both (one Callback server or one Long Poll per community) and answers messages;
`wall.VkWallChannel` answers comments. Both are made from one `config.VkConfig` and one `client.VkClient`.
"""
